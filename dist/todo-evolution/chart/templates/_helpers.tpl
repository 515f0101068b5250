{{- /* Made by cdk8s-webstack from overlays/ and src/. Change those, then run: npm run synth */ -}}

{{- /* A value as text. Helm holds all numbers as fractions, and would print large ones as 6.048e+08. */ -}}
{{- define "webstack.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else if not (kindIs "invalid" .) }}{{ toJson . }}{{ end -}}
{{- end }}

{{- /* An image by its repository, tag and digest, less what is not given. */ -}}
{{- define "webstack.image" -}}
{{- .repository }}{{ with .tag }}:{{ . }}{{ end }}{{ with .digest }}@{{ . }}{{ end -}}
{{- end }}

{{- /* All values and an image: with their registry before it, unless it names a host itself. */ -}}
{{- define "webstack.pulledImage" -}}
{{- $reference := include "webstack.image" (index . 1) -}}
{{- $registry := (index . 0).imageRegistry -}}
{{- if and $registry (not (regexMatch "^(localhost|[^/]*[.:][^/]*)/" $reference)) }}{{ $registry }}/{{ end }}{{ $reference -}}
{{- end }}

{{- /* The version of an image as far as a label can hold it: its tag, or the beginning of its digest. */ -}}
{{- define "webstack.version" -}}
{{- $version := .tag | default (.digest | default "" | replace ":" "-") | trunc 63 -}}
{{- regexReplaceAll "^[^A-Za-z0-9]+|[^A-Za-z0-9]+$" $version "" | default "unversioned" -}}
{{- end }}

{{- /* A part and a colour of its release, or active or newest: the image that it has in that one, as JSON. */ -}}
{{- define "webstack.imageIn" -}}
{{- $part := index . 0 -}}
{{- $release := $part.release | default dict -}}
{{- $active := $release.active | default "blue" -}}
{{- $other := eq $active "blue" | ternary "green" "blue" -}}
{{- $isNew := and (get $release $other) (gt (int64 $part.replicas) 0) -}}
{{- $colour := index . 1 -}}
{{- if or (eq $colour "active") (and (eq $colour "newest") (not $isNew)) -}}
{{- $colour = $active -}}
{{- else if eq $colour "newest" -}}
{{- $colour = $other -}}
{{- end -}}
{{- with get $release $colour -}}
{{- merge (dict "repository" $part.image.repository) . | toJson -}}
{{- else -}}
{{- toJson $part.image -}}
{{- end -}}
{{- end }}

{{- /* A value as YAML on one line. What is text stays text. */ -}}
{{- define "webstack.scalar" -}}
{{- if kindIs "string" . }}{{ quote . }}{{ else }}{{ toJson . }}{{ end -}}
{{- end }}

{{- /* A separator and a list: its items as text, between them the separator. */ -}}
{{- define "webstack.join" -}}
{{- $texts := list -}}
{{- range index . 1 }}{{ $texts = append $texts (include "webstack.text" .) }}{{ end -}}
{{- join (index . 0) $texts -}}
{{- end }}

{{- /* The seconds in a duration such as 15m. */ -}}
{{- define "webstack.seconds" -}}
{{- $sizes := dict "s" 1 "m" 60 "h" 3600 "d" 86400 -}}
{{- mul (regexFind "^[0-9]+" .) (get $sizes (regexFind "[smhd]$" .)) -}}
{{- end }}

{{- /* A duration in its largest units: 16h 40m for 1000m. */ -}}
{{- define "webstack.duration" -}}
{{- $rest := include "webstack.seconds" . | int64 -}}
{{- $parts := list -}}
{{- range list (list "d" 86400) (list "h" 3600) (list "m" 60) (list "s" 1) -}}
{{- $size := index . 1 -}}
{{- if ge $rest (int64 $size) -}}
{{- $parts = append $parts (printf "%d%s" (div $rest $size) (index . 0)) -}}
{{- $rest = mod $rest $size -}}
{{- end -}}
{{- end -}}
{{- join " " $parts | default "0s" -}}
{{- end }}

{{- /* A name, or where it is longer than 40 characters as many of its digest. */ -}}
{{- define "webstack.shortName" -}}
{{- if le (len .) 40 -}}{{ . }}{{- else -}}{{ sha256sum . | trunc 40 }}{{- end -}}
{{- end }}

{{- /* A pattern of the bound of a bucket, in a text of PromQL: 0\\.5 for 0.5. */ -}}
{{- define "webstack.bucketBound" -}}
{{- $number := toJson . -}}
{{- if regexMatch "[.e]" $number }}{{ replace "." "\\\\." $number }}{{ else }}{{ $number }}(\\.0)?{{ end -}}
{{- end }}

{{- /* The bytes in an amount such as 1.5Gi, rounded up. */ -}}
{{- define "webstack.bytes" -}}
{{- $decimal := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 -}}
{{- $binary := dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $size := get (merge $decimal $binary) (regexFind "[a-zA-Z]*$" .) -}}
{{- ceil (mulf (regexFind "^[0-9.]+" . | float64) $size) | int64 -}}
{{- end }}

{{- /* The thousandths of a core in an amount such as 250m or 1.5, rounded up. */ -}}
{{- define "webstack.millicores" -}}
{{- $size := hasSuffix "m" . | ternary 1 1000 -}}
{{- ceil (mulf (regexFind "^[0-9.]+" . | float64) $size) | int64 -}}
{{- end }}

{{- /* An amount of bytes with the largest unit that it is a multiple of, as the API server writes it: 1Gi for 1024Mi. */ -}}
{{- define "webstack.amount" -}}
{{- $bytes := include "webstack.bytes" . | int64 -}}
{{- $found := "" -}}
{{- range $unit := list "Ki" "Mi" "Gi" "Ti" -}}
{{- $size := get (dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776) $unit | int64 -}}
{{- if eq (mod $bytes $size) 0 }}{{ $found = printf "%d%s" (div $bytes $size) $unit }}{{ end -}}
{{- end -}}
{{- default $bytes $found -}}
{{- end }}

{{- /* An amount of CPU as the API server writes it: 1 for 1000m, 500m for 0.5. */ -}}
{{- define "webstack.cores" -}}
{{- $thousandths := include "webstack.millicores" . | int64 -}}
{{- if eq (mod $thousandths 1000) 0 }}{{ div $thousandths 1000 }}{{ else }}{{ $thousandths }}m{{ end -}}
{{- end }}

{{- /* A figure as the API server writes it, with the largest unit that it is a multiple of: 5k for 5000. */ -}}
{{- define "webstack.decimal" -}}
{{- $thousandths := include "webstack.millicores" . | int64 -}}
{{- $number := div $thousandths 1000 -}}
{{- $found := printf "%d" $number -}}
{{- range $unit := list "k" "M" "G" -}}
{{- $size := get (dict "k" 1000 "M" 1000000 "G" 1000000000) $unit | int64 -}}
{{- if and (gt $number 0) (eq (mod $number $size) 0) }}{{ $found = printf "%d%s" (div $number $size) $unit }}{{ end -}}
{{- end -}}
{{- if ne (mod $thousandths 1000) 0 }}{{ $thousandths }}m{{ else }}{{ $found }}{{ end -}}
{{- end }}
