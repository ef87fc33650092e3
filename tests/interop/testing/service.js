// SPDX-License-Identifier: MIT
// grpc.testing, from Debian's grpc-proto. The modules are where NODE_PATH says.
"use strict";
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const definition = loader.loadSync("grpc/testing/test.proto", {
  includeDirs: ["/usr/share/grpc-proto"],
  keepCase: true,
  defaults: true,
});
const testing = grpc.loadPackageDefinition(definition).grpc.testing;

module.exports = {
  grpc,
  testing,
  ECHO_INITIAL: "x-grpc-test-echo-initial",
  ECHO_TRAILING: "x-grpc-test-echo-trailing-bin",
  GZIP: { "grpc.default_compression_algorithm": 2 },
  NO_COMPRESS: 2, // a write flag
  zeros: (size) => ({ body: Buffer.alloc(size) }),
};
