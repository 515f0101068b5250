# Debian's package, unpacked and not installed: no service starts. Without a version, for Debian's archive keeps only the
# newest; VERSIONS says which came.
set -eu
to=$1

mkdir -p "$to/bin" "$to/download"
# As the user that runs us: apt's own may not write here.
(cd "$to/download" && apt-get -q -o APT::Sandbox::User="$(id -un)" download nginx)
for package in "$to"/download/*.deb; do
  dpkg -x "$package" "$to/unpacked"
  dpkg-deb -W --showformat='${Package} ${Version}\n' "$package" >>"$to/VERSIONS"
done
mv "$to/unpacked/usr/sbin/nginx" "$to/bin/nginx"
rm -r "$to/download" "$to/unpacked"
"$to/bin/nginx" -v
