import { conditionText } from './conditions';
import { isTest, TEST_TIMEOUT } from './helm-only';
import { MARK } from './helpers';
import { Scope } from './scope';
import type { Shapes } from './shapes';
import type { ObjectTemplate } from './template';

/** `NOTES.txt`: what Helm says after an installation. */
export function notes(templates: readonly ObjectTemplate[], shapes: Shapes): string {
  const test = templates.find(isTest);
  return `${START}${test ? testText(test, shapes) : ''}${END}`;
}

const START = `{{- /* ${MARK} */ -}}
{{ .Chart.Name }} {{ .Chart.AppVersion }} is installed as {{ .Release.Name }} (revision {{ .Release.Revision }}), as the environment {{ .Values.environment }}.

See it start:

  kubectl get pods --namespace {{ .Release.Namespace }} --watch

Pods wait for Secrets that are not part of the chart; its README says where they come from.
`;

function testText({ when }: ObjectTemplate, shapes: Shapes): string {
  const text = `Ask every service whether it answers, once they are ready:

  helm test {{ .Release.Name }} --namespace {{ .Release.Namespace }} --timeout ${TEST_TIMEOUT}

`;
  return when ? `{{- if ${conditionText(when, Scope.of(shapes))} }}\n${text}{{- end }}\n` : text;
}

const END = `What holds its values now:

  helm get values {{ .Release.Name }} --namespace {{ .Release.Namespace }} --all
`;
