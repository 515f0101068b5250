import { createHash } from 'node:crypto';

/** The longest identity that Grafana takes, in characters. */
export const LONGEST_DASHBOARD_UID = 40;

/** What Grafana knows a dashboard by: its namespace and its name, or a digest of them where these are too long. */
export function dashboardUid(namespace: string, dashboard: string): string {
  const name = `${namespace}-${dashboard}`;
  if (name.length <= LONGEST_DASHBOARD_UID) return name;
  return createHash('sha256').update(name).digest('hex').slice(0, LONGEST_DASHBOARD_UID);
}
