// What a call tells of itself when the invocation ends before it does.
import { expect, test } from "vitest";
import { create } from "../../../providers/aws/configuration/parameterstore.ts";
import { startAwsJson } from "../../servers/aws-json.ts";
import { createFaultProxy } from "../../servers/faults.ts";

test("one that is cut off in its second attempt tells of the first, which failed", async () => {
  const { url, close } = await startAwsJson();
  const proxy = await createFaultProxy(url);
  const metadata = { region: "eu-west-1", accessKey: "key", secretKey: "secret", endpoint: proxy.url };
  const store = await create({ name: "settings", service: "shop", metadata });
  const given = new AbortController();
  proxy.spoil((call) => {
    if (call > 1) {
      given.abort();
      return { delay: 50 };
    }
    const headers = { "x-amzn-requestid": "first", "content-type": "application/x-amz-json-1.1" };
    return { status: 400, headers, body: '{"__type":"ThrottlingException","message":"not now"}' };
  });
  await expect(store.get(["a"], { signal: given.signal })).rejects.toMatchObject({
    code: "TIMEOUT",
    message:
      'component "settings": GetParameters did not end within the invocation after 2 attempts (request first): the last failed with ThrottlingException',
  });
  await store.close?.();
  await proxy.close();
  await close();
});
