/** What the tests call beside Node, and the Debian package that brings it. Kept here alone. */
export const debianPackages = [
  { name: 'iproute2', command: 'ip' },
  { name: 'nftables', command: 'nft' },
  { name: 'procps', command: 'sysctl' },
  { name: 'util-linux', command: 'unshare' },
  { name: 'curl', command: 'curl' },
  { name: 'netcat-openbsd', command: 'nc' },
];
