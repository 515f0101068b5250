const BACKEND = process.env['TODO_BACKEND_URL'] ?? 'http://todo-backend:8000';

// The liveness probe asks for the page and waits three seconds: a backend that hangs must not look like a frontend that does.
const PATIENCE = 2000;

export interface Todo {
  readonly id: string;
  readonly title: string;
}

/** Everything that is to be done; nothing where the backend does not tell. */
export async function listTodos(): Promise<Todo[] | undefined> {
  try {
    const response = await fetch(`${BACKEND}/api/todos`, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
    return response.ok ? ((await response.json()) as Todo[]) : undefined;
  } catch (error) {
    console.error(
      JSON.stringify({ level: 'error', message: `the backend does not answer: ${(error as Error).message}` }),
    );
    return undefined;
  }
}

export async function createTodo(title: string): Promise<void> {
  const response = await fetch(`${BACKEND}/api/todos`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ title }),
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (!response.ok) throw new Error(`the backend refuses: ${response.status}`);
}
