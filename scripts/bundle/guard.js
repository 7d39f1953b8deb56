// `npm pack` and `npm publish` know neither `publishConfig.exports` nor the ranges `workspace:` and `catalog:`: what
// they made would not install. Run by `prepack` of each package.
if (process.env.npm_config_user_agent?.startsWith('npm/')) {
  console.error(
    'npm would publish the manifest of this repository as it is: use npm run release, or pnpm pack',
  );
  process.exit(1);
}
