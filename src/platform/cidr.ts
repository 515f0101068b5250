import type { IConstruct } from 'constructs';

import type { Cidr } from './names';
import { ValidationError } from './validation-error';

/** Ranges in which private endpoints are: what a network keeps to itself, and what carriers share. */
const PRIVATE_ENDPOINTS = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'];

function parse(cidr: Cidr): { first: number; length: number } {
  const [address = '', length = '32'] = cidr.split('/');
  const first = address.split('.').reduce((number, part) => number * 256 + Number(part), 0);
  return { first, length: Number(length) };
}

function isWithin(cidr: Cidr, outer: Cidr): boolean {
  const [one, other] = [parse(cidr), parse(outer)];
  const size = 2 ** (32 - other.length);
  return one.length >= other.length && Math.floor(one.first / size) === Math.floor(other.first / size);
}

/** Refuses a private endpoint without addresses, and addresses that are not private. `field` is where they were given. */
export function checkPrivateEndpoint(scope: IConstruct, field: string, cidrs: readonly Cidr[]): void {
  const refuse = (found: string) => {
    const expected = 'expected private addresses of a private endpoint';
    const todo = `give those of its network interfaces, or remove privateEndpoint`;
    throw new ValidationError(scope, field, `${expected}, got ${found}; ${todo}`);
  };
  if (cidrs.length === 0) refuse('none');
  const wrong = cidrs.find((cidr) => !PRIVATE_ENDPOINTS.some((range) => isWithin(cidr, range)));
  if (wrong !== undefined) refuse(wrong);
}
