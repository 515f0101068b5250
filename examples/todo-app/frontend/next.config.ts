import type { NextConfig } from 'next';

const config: NextConfig = {
  output: 'standalone',
  // The edge compresses, and no answer says what serves it.
  compress: false,
  poweredByHeader: false,
  // Without images there is nothing to optimize, and the optimizer is half of what would be copied.
  images: { unoptimized: true },
  outputFileTracingExcludes: { '*': ['node_modules/@img/**', 'node_modules/sharp/**'] },
};

export default config;
