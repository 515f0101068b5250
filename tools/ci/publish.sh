#!/bin/sh
# Publishes dist/ into the GitOps repository: tools/ci/publish.sh
#   GITOPS_REPOSITORY    what git clones, such as git@HOST:OWNER/REPOSITORY.git
#   GITOPS_BRANCH        its branch (default: main)
#   GITOPS_PATH          folder in it (default: its top)
#   GITOPS_DEPLOY_KEY    private key of SSH that may write to it; without one, git's own credentials count
#   GITOPS_KNOWN_HOSTS   line of known_hosts that says what its host's key is; needed with a deploy key
set -eu
cd "$(dirname "$0")/../.."
: "${GITOPS_REPOSITORY:?is not set: what git clones}"
branch=${GITOPS_BRANCH:-main}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# The key is a file while git talks to the other host, and at no other time.
remote() {
  if [ -z "${GITOPS_DEPLOY_KEY:-}" ]; then
    git "$@"
    return
  fi
  : "${GITOPS_KNOWN_HOSTS:?is not set: without it anybody could answer in place of the host}"
  (umask 077 && printf '%s\n' "$GITOPS_DEPLOY_KEY" >"$work/key" && printf '%s\n' "$GITOPS_KNOWN_HOSTS" >"$work/hosts")
  code=0
  GIT_SSH_COMMAND="ssh -i $work/key -o IdentitiesOnly=yes -o UserKnownHostsFile=$work/hosts -o StrictHostKeyChecking=yes" \
    git "$@" || code=$?
  rm -f "$work/key"
  return "$code"
}

# Others push there, too: who comes late begins anew with what they left.
for attempt in 1 2 3; do
  rm -rf "$work/repository"
  remote clone --quiet --depth 1 --branch "$branch" -- "$GITOPS_REPOSITORY" "$work/repository"
  git -C "$work/repository" config user.name "${GITOPS_NAME:-cdk8s-webstack}"
  git -C "$work/repository" config user.email "${GITOPS_EMAIL:-cdk8s-webstack@example.invalid}"
  env -u GITOPS_DEPLOY_KEY npm run --silent publish -- --repo "$work/repository" --path "${GITOPS_PATH:-.}"
  if remote -C "$work/repository" push --quiet origin "HEAD:refs/heads/$branch"; then
    echo "pushed to $branch"
    exit 0
  fi
  echo "push refused, attempt $attempt of 3" >&2
done
exit 1
