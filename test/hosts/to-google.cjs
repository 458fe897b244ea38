// Loaded before a function: what it sends to Google by TLS goes to the servers of the test, with the host that was meant.
const http = require("node:http");
const https = require("node:https");

const { hostname, port } = new URL(process.env.TEST_GOOGLE);
https.Agent = http.Agent;
https.request = ({ host, headers, ...options }, callback) =>
  http.request({ ...options, host: hostname, port, headers: { ...headers, host } }, callback);
