/** One order that keeps those of all. */
export function mergedOrder(orders: readonly (readonly string[])[]): string[] {
  const distinct = new Map(orders.map((order) => [order.join('\n'), order]));
  let result: string[] = [];
  for (const order of distinct.values()) {
    const known = new Set(result);
    if (order.every((key) => known.has(key))) continue;
    const next: string[] = [];
    const has = new Set(order);
    let index = 0;
    for (const key of order) {
      if (!known.has(key)) {
        next.push(key);
        continue;
      }
      while (index < result.length && result[index] !== key && !has.has(result[index]!)) next.push(result[index++]!);
      while (index < result.length && result[index] !== key) {
        if (!next.includes(result[index]!)) next.push(result[index]!);
        index += 1;
      }
      if (!next.includes(key)) next.push(key);
      if (result[index] === key) index += 1;
    }
    for (const key of result.slice(index)) if (!next.includes(key)) next.push(key);
    result = next;
  }
  return result;
}
