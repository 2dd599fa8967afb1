// Plain JavaScript that an old runtime can still parse. It runs before the build, so that a clone on an old Node.js ends
// in one sentence and not in a syntax error. On linux, macOS and Windows the `node` package brings the newest; where
// that has no binary, the runtime on the PATH serves.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `Synod needs Node.js 22.18 or newer, and this is ${process.versions.node} (${process.execPath}).\n` +
      'The `node` package, which would have brought one, was not installed: it is optional, and has no binary for every\n' +
      'platform. Install a newer Node.js, put it first on the PATH, and run `npm ci` again.\n',
  )
  process.exitCode = 1
}
