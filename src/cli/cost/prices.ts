/**
 * An amount of money.
 * @minimum 0
 * @exclusiveMaximum 1000001
 * @title a price: a number ≥ 0
 */
export type Price = number;

/** What things cost: whoever runs the cluster knows it, and this repository does not. */
export interface Prices {
  /**
   * In what all prices are given, as it stands in the table.
   * @pattern ^[A-Z]{3}$
   * @title a currency such as EUR (three capitals)
   */
  readonly currency: string;

  /** One CPU that is requested, for an hour. */
  readonly cpuHour: Price;

  /** One GiB of memory that is requested, for an hour. */
  readonly memoryGiBHour: Price;

  /** One GiB of a volume, for a month. */
  readonly storageGiBMonth: Price;

  /**
   * How much less CPU and memory cost on nodes that may be taken back.
   * @minimum 0
   * @maximum 100
   * @title a number of percent from 0 to 100
   * @default 0
   */
  readonly spotDiscountPercent?: number;

  /**
   * A load balancer of the cloud, for a month.
   * @default - load balancers are not counted
   */
  readonly loadBalancerMonth?: Price;
}
