#!/bin/sh
# Puts a file into the comment of a pull request, and replaces what it put there before: tools/ci/comment.sh FILE NUMBER
#   GH_TOKEN            may write comments of pull requests
#   GITHUB_REPOSITORY   OWNER/REPOSITORY
set -eu
file=${1:?usage: tools/ci/comment.sh FILE NUMBER}
number=${2:?usage: tools/ci/comment.sh FILE NUMBER}
case $number in *[!0-9]*) echo "expected the number of a pull request, got $number" >&2; exit 2 ;; esac
comments=repos/${GITHUB_REPOSITORY:?is not set}/issues/$number/comments

# Ours begins with the file's first line; that of somebody else who copied it is not ours to change.
mark=$(head -n 1 "$file")
export mark
own=$(gh api --paginate "$comments" \
  --jq '.[] | select(.user.login == "github-actions[bot]" and (.body | startswith(env.mark))) | .id' | head -n 1)
if [ -n "$own" ]; then
  gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$own" --field "body=@$file"
else
  gh api --silent --method POST "$comments" --field "body=@$file"
fi
