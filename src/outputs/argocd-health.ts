/**
 * Argo CD has no opinion on the health of an Application, so stages would not wait for one another. One that is pinned to a
 * commit is well when that commit is synced; the health that it still has from the one before says nothing. Where a hook after
 * the sync failed, all objects are as they should be, and the stage is not well.
 */
const SCRIPT = `local hs = { status = "Progressing", message = "" }
local status = obj.status or {}
local health = status.health or {}
if health.status ~= nil then
  hs.status = health.status
  hs.message = health.message or ""
end
local source = obj.spec.source or {}
local revision = source.targetRevision or ""
if obj.metadata.labels == nil or obj.metadata.labels["app.kubernetes.io/managed-by"] ~= "cdk8s-webstack" or #revision ~= 40 then
  return hs
end
local policy = obj.spec.syncPolicy or {}
if policy.automated == nil then
  return { status = "Healthy", message = "is synced by hand" }
end
local sync = status.sync or {}
local operation = status.operationState or {}
local result = operation.syncResult or {}
if operation.phase == "Running" and (operation.retryCount or 0) > 0 then
  return { status = "Degraded", message = operation.message or "the sync failed, and is tried again" }
end
if operation.phase == "Running" or sync.revision ~= revision then
  return { status = "Progressing", message = "waits for " .. revision }
end
if result.revision == revision and (operation.phase == "Failed" or operation.phase == "Error") then
  return { status = "Degraded", message = operation.message or "the sync failed" }
end
if hs.status == "Degraded" then
  return hs
end
if sync.status ~= "Synced" or hs.status ~= "Healthy" then
  return { status = "Progressing", message = "is " .. (sync.status or "unknown") .. " and " .. hs.status }
end
return hs
`;

/** What Argo CD's own ConfigMap must have beside what it has. */
export const applicationHealth = () => ({
  data: { 'resource.customizations.health.argoproj.io_Application': SCRIPT },
});
