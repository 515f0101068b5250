'use server';

import { redirect } from 'next/navigation';

import { createTodo } from './backend';

/** Runs on the server, so the form works without scripts, which the security headers of the edge keep away. */
export async function addTodo(form: FormData): Promise<void> {
  await createTodo(String(form.get('title') ?? ''));
  redirect('/');
}
