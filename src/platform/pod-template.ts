/** The template of the pods that an object makes, at one time or another; undefined where it makes none. */
export const podTemplateOf = ({ kind, spec }: any): any =>
  kind === 'CronJob' ? spec.jobTemplate.spec.template : spec?.template;
