// A build would otherwise answer once and for all.
export const dynamic = 'force-dynamic';

export const GET = () => Response.json({ status: 'ok' });
