// The styles of before: a callback, and the methods of the context. Lambda's newest runtime has none of them.
const ok = { statusCode: 200, headers: { "x-style": "old" }, body: "called back" };

exports.callback = (_event, _context, callback) => callback(null, ok);
exports.callbackLater = (_event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  setTimeout(() => callback(null, ok), 5);
};
exports.succeed = (_event, context) => {
  setTimeout(() => context.succeed(ok), 5);
};
exports.done = (_event, context) => context.done(null, ok);
exports.callbackFails = (_event, _context, callback) => callback(new Error("an inner matter"));
exports.fail = (_event, context) => context.fail(new Error("an inner matter"));
