// Every night at three.
exports.handler = async (event) => {
  console.log(JSON.stringify({ nightly: event.time, stage: process.env.STAGE }));
};
