// Of Parameter Store as configuration, what the cases of all stores leave out.
import { expect, test } from "vitest";
import { create } from "../../../providers/aws/configuration/parameterstore.ts";
import { startAwsJson } from "../../servers/aws-json.ts";

const access = { region: "eu-west-1", accessKey: "key", secretKey: "secret" };

test("a secure string is refused by name, and what cannot be a name is absent", async () => {
  const { url, parameters, close } = await startAwsJson();
  const metadata = { ...access, endpoint: url, prefix: "/shop/dev/" };
  const store = await create({ name: "settings", service: "shop", metadata });
  parameters.set("/shop/dev/plain", "1", "String");
  parameters.set("/shop/dev/plain", "2", "String");
  parameters.set("/shop/dev/hidden", "s3cret");
  expect(await store.get(["plain", "plain:1", "pla in", "*", ""])).toEqual(
    new Map([["plain", { value: "2", version: "2" }]]),
  );
  const error = await store.get(["plain", "hidden"]).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: "MISCONFIGURED",
    message: expect.stringContaining('component "settings": /shop/dev/hidden is a SecureString'),
  });
  expect(String(error)).not.toContain("s3cret");
  await store.close?.();
  await close();
});
