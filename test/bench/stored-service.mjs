// DynamoDB and SNS, as far as one order needs them: each takes what comes and says so at once.
import { createServer } from "node:http";

const published =
  '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m1</MessageId></PublishResult>' +
  "<ResponseMetadata><RequestId>r1</RequestId></ResponseMetadata></PublishResponse>";

const server = createServer((request, response) => {
  const table = request.headers["x-amz-target"]?.startsWith("DynamoDB_");
  request.resume().on("end", () => {
    response.writeHead(200, { "content-type": table ? "application/x-amz-json-1.0" : "text/xml" });
    response.end(table ? "{}" : published);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
