// SPDX-License-Identifier: MIT
// grpc.testing.TestService by grpc-js. Prints its port; ends with its input.
"use strict";
const s = require("./service.js");
const { grpc } = s;

function metadataOf(call) {
  const trailing = new grpc.Metadata();
  const initial = new grpc.Metadata();
  for (const value of call.metadata.get(s.ECHO_INITIAL))
    initial.add(s.ECHO_INITIAL, value);
  for (const value of call.metadata.get(s.ECHO_TRAILING))
    trailing.add(s.ECHO_TRAILING, value);
  call.sendMetadata(initial);
  return trailing;
}

function failure(request, trailing) {
  const status = request.response_status;
  return status && status.code
    ? { code: status.code, details: status.message, metadata: trailing }
    : null;
}

async function send(call, request) {
  for (const parameters of request.response_parameters) {
    if (parameters.interval_us > 0)
      await new Promise((r) => setTimeout(r, parameters.interval_us / 1000));
    if (!call.write({ payload: s.zeros(parameters.size) }))
      await new Promise((r) => call.once("drain", r));
  }
}

function EmptyCall(call, answer) {
  answer(null, {}, metadataOf(call));
}

function UnaryCall(call, answer) {
  const trailing = metadataOf(call);
  const failed = failure(call.request, trailing);
  if (failed) answer(failed);
  else
    answer(null, { payload: s.zeros(call.request.response_size) }, trailing,
      call.request.response_compressed
        && !call.request.response_compressed.value ? s.NO_COMPRESS : 0);
}

async function StreamingOutputCall(call) {
  const trailing = metadataOf(call);
  await send(call, call.request);
  call.end(trailing);
}

function StreamingInputCall(call, answer) {
  let size = 0;
  call.on("data", (request) => {
    if (request.payload) size += request.payload.body.length;
  });
  call.on("error", () => {});
  call.on("end", () => answer(null, { aggregated_payload_size: size }));
}

function FullDuplexCall(call) {
  const trailing = metadataOf(call);
  let before = Promise.resolve();
  call.on("data", (request) => {
    const failed = failure(request, trailing);
    before = before.then(() =>
      failed ? call.emit("error", failed) : send(call, request));
  });
  call.on("error", () => {});
  call.on("end", () => before.then(() => call.end(trailing)));
}

function HalfDuplexCall(call) {
  const requests = [];
  call.on("data", (request) => requests.push(request));
  call.on("error", () => {});
  call.on("end", async () => {
    for (const request of requests) await send(call, request);
    call.end();
  });
}

const server = new grpc.Server(s.GZIP);
server.addService(s.testing.TestService.service, {
  EmptyCall,
  UnaryCall,
  StreamingOutputCall,
  StreamingInputCall,
  FullDuplexCall,
  HalfDuplexCall,
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(),
  (error, port) => {
    if (error) throw error;
    console.log(port);
  });
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
