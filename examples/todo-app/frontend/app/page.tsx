import { addTodo } from './actions';
import { listTodos } from './backend';

// The list is another one at each request, and the address of the backend is known only where this runs.
export const dynamic = 'force-dynamic';

export default async function Page() {
  const todos = await listTodos();
  return (
    <main>
      <h1>Todo App</h1>
      {todos ? (
        <ul>
          {todos.map(({ id, title }) => (
            <li key={id}>{title}</li>
          ))}
        </ul>
      ) : (
        <p role="alert">The backend does not answer.</p>
      )}
      <form action={addTodo}>
        <input name="title" aria-label="What is to be done" maxLength={200} required />
        <button>Add</button>
      </form>
    </main>
  );
}
