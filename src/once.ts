// A value made on first use and kept; a failed making is not remembered.

export function once<T>(make: () => T | Promise<T>): () => T | Promise<T> {
  let made: { value: T | Promise<T> } | undefined;
  return () => {
    if (made) return made.value;
    const slot: { value: T | Promise<T> } = { value: make() };
    made = slot;
    if (slot.value instanceof Promise) {
      slot.value.then(
        (value) => {
          slot.value = value;
        },
        () => {
          if (made === slot) made = undefined;
        },
      );
    }
    return slot.value;
  };
}
