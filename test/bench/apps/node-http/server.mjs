// The same answer with nothing around it: what this machine and this client can do at most.
import { createServer } from "node:http";

createServer((request, response) => {
  let text = "";
  request.setEncoding("utf8").on("data", (part) => {
    text += part;
  });
  request.on("end", () => {
    const id = decodeURIComponent(request.url.slice("/orders/".length).split("?")[0]);
    const { quantity } = JSON.parse(text);
    const reply = JSON.stringify({ id, tenant: request.headers["x-tenant"], quantity: quantity + 1, version: 0 });
    response
      .writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(reply) })
      .end(reply);
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
