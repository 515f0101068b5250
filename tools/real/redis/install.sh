# Debian's packages, unpacked and not installed: no service starts. Without versions, for Debian's archive keeps only
# the newest of each; VERSIONS says which came.
set -eu
to=$1

mkdir -p "$to/bin" "$to/download" "$to/lib"
packages=$(cat packages.txt)
# As the user that runs us: apt's own may not write here.
(cd "$to/download" && apt-get -q -o APT::Sandbox::User="$(id -un)" download $packages)
for package in "$to"/download/*.deb; do
  dpkg -x "$package" "$to"
  dpkg-deb -W --showformat='${Package} ${Version}\n' "$package" >>"$to/VERSIONS"
done
rm -r "$to/download"
find "$to/usr/lib" -name 'lib*.so.*' -exec cp -P {} "$to/lib/" \;

# redis-server finds its role by the name it is called by, so what starts it passes that on.
for tool in "$to"/usr/bin/*; do
  name=$(basename "$tool")
  cat >"$to/bin/$name" <<END
#!/bin/sh
here=\$(dirname "\$(readlink -f "\$0")")/..
LD_LIBRARY_PATH=\$here/lib exec "\$here/usr/bin/$name" "\$@"
END
  chmod +x "$to/bin/$name"
done
"$to/bin/redis-server" --version
