/** How a cluster is kept like the files of an environment, where Argo CD does that (docs/guides/argocd.md). */
export interface DeliverySettings {
  /**
   * Whether what is new in git is applied by itself; else somebody asks for it, each time.
   * @default true
   */
  readonly automated?: boolean;

  /**
   * Whether what somebody changes in the cluster is set back. Without `automated` nothing is.
   * @default true
   */
  readonly selfHeal?: boolean;

  /**
   * Whether objects that are no longer in git are deleted. What holds data stays in any case. Without `automated` nothing is
   * deleted.
   * @default true
   */
  readonly prune?: boolean;
}

/** Fills in defaults. */
export const resolveDelivery = ({
  automated = true,
  selfHeal = true,
  prune = true,
}: DeliverySettings = {}): Required<DeliverySettings> => ({ automated, selfHeal, prune });
