/** A key of a Secret that is wanted as a file. */
export interface SecretFile {
  /** Where the file is wanted. All files of one folder come from one Secret. */
  readonly path: string;

  /** Name of the Secret. */
  readonly secret: string;

  /** Key in the Secret. */
  readonly key: string;
}
