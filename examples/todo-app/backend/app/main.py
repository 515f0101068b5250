"""The API of the Todo App, as small as its probes and its database allow."""

import os

from fastapi import APIRouter, FastAPI, HTTPException, Response
from pydantic import BaseModel, Field

from app.store import StoreError, open_store

store = open_store(os.environ.get("DATABASE_URL", ""))
app = FastAPI(title="Todo App", docs_url=None, redoc_url=None)
api = APIRouter(prefix=os.environ.get("API_PREFIX", "/api"))


class NewTodo(BaseModel):
    title: str = Field(min_length=1, max_length=200)


class Todo(NewTodo):
    id: str


@app.get("/health/live")
async def live() -> dict[str, str]:
    """Asks nobody else: a restart of this process mends nothing of theirs."""
    return {"status": "ok"}


@app.get("/health/ready")
async def ready(response: Response) -> dict[str, str]:
    try:
        await store.check()
    except StoreError as error:
        response.status_code = 503
        return {"status": str(error)}
    return {"status": "ok"}


@api.get("/todos")
async def list_todos() -> list[Todo]:
    try:
        return [Todo(id=id, title=title) for id, title in await store.all()]
    except StoreError as error:
        raise HTTPException(503, str(error)) from error


@api.post("/todos", status_code=201)
async def add_todo(new: NewTodo) -> Todo:
    try:
        return Todo(id=await store.add(new.title), title=new.title)
    except StoreError as error:
        raise HTTPException(503, str(error)) from error


app.include_router(api)
