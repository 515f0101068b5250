# Debian's packages, unpacked and not installed: no service starts. Without versions, for Debian's archive keeps only the
# newest of each; VERSIONS says which came.
set -eu
to=$1

mkdir -p "$to/bin" "$to/download"
# As the user that runs us: apt's own may not write here.
(cd "$to/download" && apt-get -q -o APT::Sandbox::User="$(id -un)" download prometheus prometheus-alertmanager)
for package in "$to"/download/*.deb; do
  dpkg -x "$package" "$to/unpacked"
  dpkg-deb -W --showformat='${Package} ${Version}\n' "$package" >>"$to/VERSIONS"
done
for tool in prometheus promtool prometheus-alertmanager amtool; do
  mv "$to/unpacked/usr/bin/$tool" "$to/bin/"
done
# Alertmanager's own templates, which Debian's reads from /usr/share.
mv "$to/unpacked/usr/share/prometheus" "$to/share"
rm -r "$to/download" "$to/unpacked"
"$to/bin/promtool" --version
"$to/bin/amtool" --version
