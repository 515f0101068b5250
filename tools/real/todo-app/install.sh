# What the Dockerfiles of examples/todo-app make, with the Python and Node.js of this machine: the packages of the backend,
# and the frontend as built.
set -eu
to=$1
app=$PWD/../../../examples/todo-app

python3 -m pip install -q --only-binary :all: --require-hashes -r "$app/backend/requirements.txt" --target "$to/packages" \
  --disable-pip-version-check --root-user-action ignore

web=$to/building
mkdir "$web"
cd "$app/frontend"
cp -r app next.config.ts package.json package-lock.json tsconfig.json "$web"
cd "$web"
export NEXT_TELEMETRY_DISABLED=1
npm ci --no-audit --no-fund --loglevel error
npm run build
mv .next/standalone "$to/web"
mv .next/static "$to/web/.next/static"
rm -r "$web"
