#!/usr/bin/env node
// Plain JavaScript that an old runtime can still parse, so that it is told what is wrong rather than failing on syntax.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 18)) {
  await import('../dist/main.js')
} else {
  process.stderr.write(
    `synod: this is Node.js ${process.versions.node}, and synod needs 22.18 or newer. ` +
      'Install a newer Node.js, or put one before this one on the PATH.\n',
  )
  // Nothing was tried; `synod check` would answer with 1 that a history is wrong.
  process.exitCode = 2
}
