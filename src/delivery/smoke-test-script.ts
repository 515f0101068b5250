import type { ResolvedSmokeCheck } from './smoke-test-settings';

/** A question, and the address of whoever is asked. */
export interface AddressedCheck extends ResolvedSmokeCheck {
  /** Such as `http://backend:8000`, without a path. */
  readonly address: string;
}

/** How the questions are asked. */
export interface SmokeScriptParts {
  readonly checks: readonly AddressedCheck[];
  readonly deadlineSeconds: number;
  readonly intervalSeconds: number;
}

/**
 * - `wget` prints the header of an answer as errors, each line after two blanks, and nothing of the body of an error, which for it is
 *   whatever it does not know. It follows redirects: the first status is that of whoever was asked.
 * - The header goes past the body by another descriptor, for no file can be written. `ended` comes after it, then the body.
 * - `head` stops what does not end before memory does; 141 is the end of a `wget` to which nobody listens any more.
 */
const SCRIPT = `set -u
failed=0
line='
'

# ask URL STATUS TEXT SECONDS: what is wrong is in $problem, which is empty where nothing is.
ask() {
  answer=$(
    exec 3>&1
    body=$({ timeout "$4" wget -q -S -O - "$1" 2>&3; echo "ended $?" >&3; } | head -c 1048576)
    printf '\\nbody:%s' "$body"
  )
  header=\${answer%%"\${line}body:"*} body=\${answer#*"\${line}body:"}
  ended=\${header##*ended } said=\${header%ended *} problem=
  ended=\${ended%%[!0-9]*} said=\${said##*wget: }
  case $header in
  *'  HTTP/'*) got=\${header#*  HTTP/} got=\${got#* } got=\${got%%[!0-9]*} ;;
  *) got= ;;
  esac
  said=\${said%%"$line"*}
  expected=\${2:-200 to 299}
  if [ -z "$got" ] && [ "$ended" = 143 ]; then
    problem="expected status $expected, got no answer within $4 s"
  elif [ -z "$got" ]; then
    problem="expected status $expected, got no answer: $said"
  else
    case $got in
    \${2:-2[0-9][0-9]}) ;;
    *) problem="expected status $expected, got $got" && return ;;
    esac
    case $got in 2*) ;; *) return ;; esac
    case $said in 'server returned error'*) ended=0 ;; esac
    case $ended in
    0 | 141) ;;
    143) problem="expected a whole answer within $4 s, got only a part of it" && return ;;
    *) problem="expected a whole answer, got only a part of it: $said" && return ;;
    esac
    case $body in
    *"$3"*) ;;
    *) problem="expected the text \\"$3\\", got \\"$(printf %s "$body" | head -c 200)\\"" ;;
    esac
  fi
}

# check SERVICE ADDRESS PATH STATUS TEXT SECONDS: asks until the answer is as expected, or time is up.
check() {
  while true; do
    ask "$2$3" "$4" "$5" "$6"
    if [ -z "$problem" ]; then
      echo "$1 $3: $got"
      return
    fi
    if [ "$(date +%s)" -ge "$deadline" ]; then break; fi
    echo "$1 $3: $problem; asked again"
    sleep "$interval"
  done
  echo "$1 $3: FAILED: $problem" >&2
  failed=1
}
`;

/** Asks one after the other. Whoever is asked when time is up is asked once, so that all that is wrong is told. */
export function smokeScript({ checks, deadlineSeconds, intervalSeconds }: SmokeScriptParts): string {
  const words = (check: AddressedCheck) =>
    [
      check.service,
      check.address,
      encoded(check.path),
      check.status ?? '',
      check.contains ?? '',
      check.timeoutSeconds,
    ].map((word) => quoted(`${word}`));
  return [
    SCRIPT,
    `interval=${intervalSeconds}`,
    `deadline=$(($(date +%s) + ${deadlineSeconds}))`,
    ...checks.map((check) => `check ${words(check).join(' ')}`),
    'exit "$failed"',
    '',
  ].join('\n');
}

/** As a browser would send it, and as Kubernetes asks its probes: blanks and letters of other languages by their numbers. */
function encoded(path: string): string {
  const { pathname, search } = new URL(`http://any${path}`);
  return pathname + search;
}

/** One word of a shell. Kubernetes replaces `$(NAME)` and `$$` in commands, so that nothing may follow a `$` at once. */
function quoted(text: string): string {
  if (/^[-A-Za-z0-9._/:]+$/.test(text)) return text;
  const inQuotes = text.replace(/['$]/g, (sign) => (sign === '$' ? "$''" : "'\\''"));
  return `'${inQuotes}'`;
}
