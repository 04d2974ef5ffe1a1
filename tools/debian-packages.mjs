/** What the tests call beside Node, and the Debian package that brings it. Kept here alone. */
export const debianPackages = [
  { name: 'iproute2', command: 'ip' },
  { name: 'nftables', command: 'nft' },
  { name: 'procps', command: 'sysctl' },
  { name: 'util-linux', command: 'unshare' },
  { name: 'curl', command: 'curl' },
  { name: 'netcat-openbsd', command: 'nc' },
  { name: 'bind9-dnsutils', command: 'dig' },
  { name: 'bind9-host', command: 'host' },
  { name: 'knot-dnsutils', command: 'kdig' },
  { name: 'dnsmasq-base', command: 'dnsmasq' },
  { name: 'unbound', command: 'unbound' },
  { name: 'dbus-daemon', command: 'dbus-daemon' },
];

/**
 * Packages that are unpacked into node_modules/.cache/debian and not installed, and a file in each:
 * to install systemd-resolved replaces the machine's own /etc/resolv.conf.
 */
export const unpackedPackages = [
  { name: 'systemd-resolved', file: 'lib/systemd/systemd-resolved' },
];
