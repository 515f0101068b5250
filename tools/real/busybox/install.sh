# The small tools of Alpine's images, by which scripts are tried that run in these: a folder with
# every applet. Debian's archive keeps only the newest; VERSIONS says which came.
set -eu
to=$1

mkdir -p "$to/download" "$to/bin"
# As the user that runs us: apt's own may not write here.
(cd "$to/download" && apt-get -q -o APT::Sandbox::User="$(id -un)" download busybox-static)
for package in "$to"/download/*.deb; do
  dpkg -x "$package" "$to/unpacked"
  dpkg-deb -W --showformat='${Package} ${Version}\n' "$package" >>"$to/VERSIONS"
done
mv "$to/unpacked/bin/busybox" "$to/bin/busybox"
rm -r "$to/download" "$to/unpacked"
for applet in $("$to/bin/busybox" --list); do
  [ "$applet" = busybox ] || ln -s busybox "$to/bin/$applet"
done
"$to/bin/busybox" | head -1
