/** Why this Node line or platform has no `listen({ reusePort })`, or false. */
export function reusePortUnavailable(): string | false {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (process.platform !== 'linux') return 'reusePort is tested on Linux';
  return major < 22 || (major === 22 && minor < 12) ? 'reusePort came with Node 22.12' : false;
}
