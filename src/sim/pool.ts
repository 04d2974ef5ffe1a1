/**
 * Public addresses that nobody has had yet. The first come from three networks in turn, as three
 * ISPs would give them (RFC 5737's blocks for documentation); when those are used up, from the
 * block for benchmarks (RFC 2544), a network each.
 */
export class AddressPool {
  #given = 0;
  readonly #givenOf = new Map<number, number>();

  /** An address never given before; there are about 130,000. */
  fresh(): string {
    const count = this.#given;
    this.#given += 1;
    const network = NETWORKS[count % NETWORKS.length] ?? '';
    const host = 10 + Math.floor(count / NETWORKS.length);
    if (host < 250) return `${network}.${String(host)}`;
    const beyond = count - FIRST_BEYOND;
    const low = beyond % 65_536;
    const octets = [198, 18 + Math.floor(beyond / 65_536), low % 256, Math.floor(low / 256)];
    return octets.join('.');
  }

  /** An address of one network of the benchmark block, /24, never given before; 0 to 255. */
  freshOf(isp: number): string {
    const count = this.#givenOf.get(isp) ?? 0;
    this.#givenOf.set(isp, count + 1);
    return `198.19.${String(isp)}.${String(10 + (count % 240))}`;
  }
}

const NETWORKS: readonly string[] = ['203.0.113', '198.51.100', '192.0.2'];

const FIRST_BEYOND: number = (250 - 10) * NETWORKS.length;
