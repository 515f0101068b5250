#!/bin/sh
# Compiles the library's public face with jsii in a folder of its own, so that it stays fit to be published to other
# languages. jsii wants the package at the root of what it compiles and writes beside the sources.
set -eu
root=$PWD
work=$root/.build/jsii
rm -rf "$work"
mkdir -p "$work"
cp -R src imports "$work"
rm -rf "$work/src/cli" "$work/src/settings" "$work/src/outputs" "$work/src/systems"
ln -s "$root/node_modules" "$work/node_modules"
node -e '
  const { name, version, description, license, author, repository, dependencies } = require("./package.json");
  const { cdk8s, constructs } = dependencies;
  const peers = { cdk8s: `^${cdk8s}`, constructs: `^${constructs}` };
  process.stdout.write(JSON.stringify({
    name, version, description, license, author, repository,
    main: "src/index.js", types: "src/index.d.ts",
    peerDependencies: peers, devDependencies: { cdk8s, constructs },
    jsii: { outdir: "dist", versionFormat: "short", targets: {} },
  }, null, 2));
' > "$work/package.json"
printf '# cdk8s-webstack\n' > "$work/README.md"
cd "$work"
"$root/node_modules/.bin/jsii" --silence-warnings=reserved-word --fail-on-warnings=false
