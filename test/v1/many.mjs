/**
 * Many scripted originals in one process: `many.mjs '[{"name":"a","port":9001},…]'`. They tell on
 * standard output as one of them does.
 */
import { Original } from './original.mjs';

const tell = (line) => console.log(JSON.stringify(line));
for (const options of JSON.parse(process.argv[2] ?? '[]')) {
  await new Original(options, (line) => tell({ name: options.name, ...line })).start();
}
