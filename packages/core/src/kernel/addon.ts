import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The platforms that have a prebuilt addon. */
const PREBUILT = new Set(['linux-x64', 'linux-arm64']);

/** Where the addon of this platform is, or a sentence that says why there is none. */
export type AddonFile = { readonly file: string } | { readonly file: undefined; readonly why: string };

/**
 * Finds the addon of this platform: the file that the environment variable GRACEFUL_CLUSTER_NATIVE names, else in the
 * folder `prebuilds` of this package, else in a copy of that folder beside the program's bundle or above it.
 */
export function findAddon(): AddonFile {
  const asked = process.env['GRACEFUL_CLUSTER_NATIVE'];
  if (asked === 'off') return { file: undefined, why: 'GRACEFUL_CLUSTER_NATIVE is off' };
  if (asked !== undefined && asked !== '' && asked !== 'on') return { file: resolve(asked) };
  const platform = `${process.platform}-${process.arch}`;
  if (!PREBUILT.has(platform)) return { file: undefined, why: `no prebuilt addon for ${platform}` };
  const file = places(platform).find((place) => existsSync(place));
  if (file !== undefined) return { file };
  return {
    file: undefined,
    why:
      `the addon was not found: copy the folder prebuilds of @graceful-cluster/core beside the bundle, ` +
      `or name the file prebuilds/${platform}.node in GRACEFUL_CLUSTER_NATIVE`,
  };
}

/**
 * Whole paths, spelled out: @vercel/nft, by which Next.js and Vercel find the files of a program, reads them off the
 * source.
 */
function places(platform: string): readonly string[] {
  const program = dirname(process.argv[1] ?? process.execPath);
  const ofProgram = [
    `${program}/prebuilds/${platform}.node`,
    `${program}/../prebuilds/${platform}.node`,
    `${program}/node_modules/@graceful-cluster/core/prebuilds/${platform}.node`,
    `${program}/../node_modules/@graceful-cluster/core/prebuilds/${platform}.node`,
  ];
  // An ES module made of the CommonJS build, as esbuild makes it, has no folder of its own that this code can name.
  if (typeof import.meta.dirname !== 'string') return ofProgram;
  return [
    // The published package; the compiled files of this repository; a copy beside a bundle.
    `${import.meta.dirname}/../prebuilds/${platform}.node`,
    `${import.meta.dirname}/../../prebuilds/${platform}.node`,
    `${import.meta.dirname}/prebuilds/${platform}.node`,
    ...ofProgram,
  ];
}
