/**
 * The rules switched off one at a time. Each mutant replaces one fragment of one source, which must
 * be there exactly once; the swarm must notice each within `SEEDS_MAX` worlds of its theme.
 */

/** Worlds within which a mutant must be noticed; docs/simulator.md says how many each took. */
export const SEEDS_MAX = 60;

/**
 * `rule`: of DESIGN §1 and §2 or a section of PROTOCOL.md. `themes`: of the worlds it is looked for
 * in; none: any. `attacks`: what rogues do there. `fast`: one of the few that `npm test` looks at.
 * @typedef {{ name: string, rule: string, off: string, file: string, find: string, put: string,
 *   themes?: readonly string[], attacks?: readonly string[], fast?: boolean }} Mutant
 */

/** @type {readonly Mutant[]} */
export const MUTANTS = [
  {
    name: 'challenge-unchecked',
    rule: 'B1',
    off: 'any pong answers the last open challenge',
    file: 'src/core/questions.ts',
    find: '    const question = this.#open.get(peer)?.get(challenge);',
    put: `    const open = this.#open.get(peer);
    const question = open?.get(challenge) ?? [...(open?.values() ?? [])].at(-1);`,
    themes: ['gentle'],
    fast: true,
  },
  {
    name: 'guesses-unlimited',
    rule: 'B1',
    off: 'wrong pongs burn no open challenge',
    file: 'src/core/paths.ts',
    find: '    if (peerPaths.wrongPongs < WRONG_PONGS_MAX) return;',
    put: '    if (peerPaths.wrongPongs > 0) return;',
    attacks: ['lucky-pong'],
    themes: ['gentle'],
  },
  {
    name: 'source-believed',
    rule: 'B1',
    off: 'where a datagram comes from is where its sender is',
    file: 'src/core/hear.ts',
    find: "  if (source === 'stray') {",
    put: `  if (source === 'stray') {
    const asking = { peer, challenge: 1, socket, address: from, atRest: true };
    crew.paths.ask(asking, crew.now, millis(100));
    crew.paths.pong(peer, 1, crew.now);`,
    themes: ['gentle', 'forwarded'],
    fast: true,
  },
  {
    name: 'old-path-has-no-say',
    rule: 'B1',
    off: 'a path proven later replaces the present one, silent or not',
    file: 'src/core/path.ts',
    find: '  if (present.silentSince !== undefined) {',
    put: `  if (other.provenAt > present.provenAt) return true;
  if (present.silentSince !== undefined) {`,
    themes: ['forwarded'],
    fast: true,
  },
  {
    name: 'proof-as-of-the-answer',
    rule: 'B1',
    off: 'a proof counts from when the pong came, not from when the ping left',
    file: 'src/core/paths.ts',
    find: '      provenAt: question.sentAt,',
    put: '      provenAt: now,',
    themes: ['rough'],
  },
  {
    name: 'address-of-two',
    rule: 'B1',
    off: 'an address proven for another member is not doubted',
    file: 'src/core/hear.ts',
    find: '    crew.paths.drop(other, address);',
    put: '',
    themes: ['gentle', 'rough'],
  },
  {
    name: 'introduction-believed',
    rule: 'B2',
    off: 'where another member says that a member is counts as proven',
    file: 'src/core/heal.ts',
    find: '  crew.paths.hint(peer, address);',
    put: `  crew.paths.hint(peer, address);
  const asking = { peer, challenge: 1, socket: MAIN, address, atRest: true };
  crew.paths.ask(asking, crew.now, millis(100));
  crew.paths.pong(peer, 1, crew.now);`,
    themes: ['gentle'],
  },
  {
    name: 'record-unsigned',
    rule: 'B2',
    off: 'the signature of a record is not looked at',
    file: 'src/core/address-book.ts',
    find: '    if (shared === undefined && !verifyRecord(this.#suite, record)) {',
    put: '    if (false) {',
    fast: true,
  },
  {
    name: 'record-older',
    rule: 'B2',
    off: 'an older record takes the place of a newer one',
    file: 'src/core/address-book.ts',
    find: 'head.sequence <= held.sequence',
    put: 'head.sequence === held.sequence',
    fast: true,
  },
  {
    name: 'sequence-before-disk',
    rule: '§7',
    off: 'sequences are used before the disk knows that they are reserved',
    file: 'src/core/own-record.ts',
    find: '    return this.#used < this.#durable;',
    put: '    return this.#used < this.#reserved;',
    themes: ['doors', 'rough'],
  },
  {
    name: 'admission-before-disk',
    rule: '§7',
    off: 'a joiner is answered before its admission is on disk',
    file: 'src/core/admit.ts',
    find: `  crew.admitting.set(id, ticket);
  crew.whenSaved.push({
    ticket,
    then: () => {`,
    put: `  crew.admitting.set(id, ticket);
  ((waiting) => waiting.then())({
    ticket,
    then: () => {`,
    themes: ['doors'],
  },
  {
    name: 'heads-not-groups',
    rule: 'B3',
    off: 'voters of one network count each',
    file: 'src/core/vote.ts',
    find: '    if (new Set(grouping.values()).size >= GROUPS_MIN) return grouping;',
    put: '',
    themes: ['puppets'],
    fast: true,
  },
  {
    name: 'first-vote-wins',
    rule: 'B3',
    off: 'the host that fewest see wins',
    file: 'src/core/vote.ts',
    find: '    if (found !== undefined && (count < highest ||',
    put: '    if (found !== undefined && (count > highest ||',
  },
  {
    name: 'liars-unnamed',
    rule: 'B3',
    off: 'members outvoted again and again go on starting rounds',
    file: 'src/core/reflections.ts',
    find: '    return now < (this.#named.get(id) ?? -Infinity);',
    put: '    return false;',
    attacks: ['new-reflections'],
    themes: ['gentle'],
  },
  {
    name: 'clock-jump-ignored',
    rule: 'B4',
    off: 'a resumed snapshot goes on with its keys',
    file: 'src/core/node.ts',
    find: 'crew.sessions.forgetAll();',
    put: 'void 0;',
    themes: ['rough'],
  },
  {
    name: 'clocks-decide',
    rule: 'B4',
    off: 'proofs are dated by the wall clock',
    file: 'src/core/node.ts',
    find: '    crew.now = moment.now;',
    put: '    crew.now = moment.wall as unknown as Instant;',
  },
  {
    name: 'silence-removes',
    rule: 'B5',
    off: 'the lost are forgotten',
    file: 'src/core/suspicion.ts',
    find: '    member.liveness = liveness;',
    put: `    member.liveness = liveness;
    if (liveness === 'lost') {
      for (const [peer, one] of this.#members) if (one === member) this.#members.delete(peer);
    }`,
    themes: ['rough'],
  },
  {
    name: 'lost-not-shown',
    rule: 'B5',
    off: 'the lost are shown no more',
    file: 'src/core/show.ts',
    find: '    .everyone()\n',
    put: `    .everyone()
    .filter(({ id }) => id === crew.id || crew.suspicions.liveness(id) !== 'lost')
`,
    themes: ['rough'],
    fast: true,
  },
  {
    name: 'act-unsigned',
    rule: 'B5',
    off: 'the signature of an act is not looked at',
    file: 'src/wire/act.ts',
    find: '  if (!suite.verify(publicKeyOf(act.author), input, bytes.subarray(end))) return false;',
    put: '  void input;',
    themes: ['doors', 'gentle'],
    fast: true,
  },
  {
    name: 'consent-unneeded',
    rule: 'B5',
    off: 'a member is admitted without its consent, on an invite redeemed by nobody',
    file: 'src/wire/act.ts',
    find: "  if (act.type !== 'admit') return true;\n  const { cluster,",
    put: "  if (act.type !== 'admit' || act.type === 'admit') return true;\n  const { cluster,",
    themes: ['doors', 'gentle'],
  },
  {
    name: 'token-for-many',
    rule: 'B5',
    off: 'a spent invite admits one more',
    file: 'src/core/invites.ts',
    find: "    if (redeemed >= invite.uses) return 'spent';",
    put: '',
    // The admission would be signed, and then judged void by everyone: both must be off.
    also: [
      {
        file: 'src/core/standing.ts',
        find: '    if (invite.redeemed >= invite.act.uses) {',
        put: '    if (false) {',
      },
      {
        file: 'src/core/membership.ts',
        find: ' || invite.redeemed >= invite.act.uses) return undefined;',
        put: ') return undefined;',
      },
    ],
    themes: ['doors'],
  },
  {
    name: 'sessions-outlive-members',
    rule: 'B5',
    off: 'the keys of a member that left are kept, and its pings are answered',
    file: 'src/core/tidings.ts',
    find: '  crew.sessions.forget(peer);',
    put: '',
    themes: ['doors'],
  },
  {
    name: 'strangers-answered',
    rule: 'B6',
    off: 'a hello of nobody known is answered',
    file: 'src/core/session.ts',
    find: "    if (peer === undefined || peer === this.#own.id) return dropped('hello-stranger');",
    put: `    if (peer === undefined) {
      const reply = answerHello(this.#suite, read.state, this.#unpredictable.bytes(32));
      if (reply === undefined) return dropped('hello-unopened');
      const stray = this.#freshIndex();
      return {
        type: 'reply',
        peer: this.#own.id,
        bytes: encodeAnswer(stray, packet.senderIndex, reply.message),
      };
    }`,
  },
  {
    name: 'knock-without-tag',
    rule: 'B6',
    off: 'a connection without a tag is let in',
    file: 'src/core/invites.ts',
    find: '    if (tag === undefined) return false;',
    put: '    if (tag === undefined) return true;',
    themes: ['doors'],
  },
  {
    name: 'knock-twice',
    rule: 'B6',
    off: 'a recorded tag opens the door again',
    file: 'src/core/invites.ts',
    find: 'if (invite.knocks.has(seen) ||',
    put: 'if (',
    themes: ['doors'],
  },
  {
    name: 'replay-window-open',
    rule: '§2.4',
    off: 'a counter that was seen counts again',
    file: 'src/core/session.ts',
    find: "    if (!session.window.fresh(packet.counter)) return dropped('session-replayed');",
    put: '',
    fast: true,
  },
  {
    name: 'replay-window-short',
    rule: '§2.4',
    off: 'counters older than the window count',
    file: 'src/core/replay-window.ts',
    find: '    if (this.#highest - counter >= REPLAY_WINDOW) return false;',
    put: '    if (this.#highest - counter >= 8) return true;',
  },
  {
    name: 'counter-stands-still',
    rule: '§2.4',
    off: 'every other datagram is sealed under the counter of the one before',
    file: 'src/core/session.ts',
    find: '    session.counter += 1;',
    put: '    session.counter += this.#unpredictable.u32() % 2;',
  },
  {
    name: 'hello-answered-for-ever',
    rule: '§2.2',
    off: 'repeats of one hello are answered without end',
    file: 'src/core/session.ts',
    find: "    if (answered.times > HELLO_ANSWERS) return dropped('hello-repeated');",
    put: '',
  },
  {
    name: 'hello-budget-endless',
    rule: 'bound',
    off: 'hellos are opened without a budget',
    file: 'src/core/session.ts',
    find: '    if (this.#budget < 1) return false;',
    put: '',
    attacks: ['hello-flood'],
    themes: ['gentle'],
  },
  ...[
    ['provisional-unbounded', 'provisional sessions', 'PROVISIONAL_PER_MEMBER = 4', ['gentle']],
    ['sessions-unbounded', 'confirmed sessions', 'SESSIONS_PER_MEMBER = 3', ['rough']],
    ['history-unbounded', 'addresses of history', 'HISTORY_MAX = 32', ['gentle']],
    ['challenges-unbounded', 'open challenges', 'CHALLENGES_MAX = 32', ['gentle', 'rough']],
    ['strays-unbounded', 'unproven sources', 'STRAY_SOURCES_MAX = 4', ['gentle']],
    ['guests-unbounded', 'guests at the door', 'GUESTS_MAX = 64', ['doors']],
    ['wants-unbounded', 'answers to a want', 'WANT_MESSAGES_MAX = 8', ['gentle']],
    ['records-unpaced', 'records at once', 'RECORD_BURST = 5', ['gentle']],
    ['candidates-unbounded', 'addresses asked at once', 'CANDIDATES_MAX = 8', ['gentle']],
  ].map(([name, what, constant, themes]) => ({
    name,
    rule: 'bound',
    off: `${what}: a thousand times as many`,
    file: 'src/core/config.ts',
    attacks: name === 'wants-unbounded' ? ['want-flood'] : undefined,
    find: `export const ${constant};`,
    put: `export const ${constant}_000;`,
    themes,
  })),
  {
    name: 'fresh-sockets-three',
    rule: 'bound',
    off: 'three fresh sockets instead of two',
    file: 'src/core/sockets.ts',
    find: '    const order: readonly FreshSocket[] = this.#newest === 1 ? [2, 1] : [1, 2];',
    put: '    const order = [1, 2, 3, 4] as unknown as readonly FreshSocket[];',
    themes: ['rough'],
  },
  {
    name: 'introductions-unpaced',
    rule: 'bound',
    off: 'every introduction is followed',
    file: 'src/core/seek.ts',
    find: '    return last.count <= INTRODUCTIONS_PER_SECOND;',
    put: '    return true;',
    attacks: ['introduce-flood'],
    themes: ['gentle'],
  },
  {
    name: 'seekers-unpaced',
    rule: 'bound',
    off: 'every seek is answered, however often',
    file: 'src/core/seek.ts',
    find: '    if (last !== undefined && elapsed(last, now) < ANSWER_GAP) return false;',
    put: '',
    attacks: ['seek-flood'],
    themes: ['gentle'],
  },
  {
    name: 'summaries-unpaced',
    rule: 'bound',
    off: 'a summary for each ping with another digest',
    file: 'src/core/reconcile.ts',
    find: '  if (last !== undefined && elapsed(last.at, now) < pause) return;',
    put: '',
    attacks: ['digest-flood'],
    themes: ['gentle'],
  },
  {
    name: 'summaries-by-turns',
    rule: 'bound',
    off: 'a digest like mine makes the next other one worth a summary at once',
    file: 'src/core/reconcile.ts',
    find: '    if (last !== undefined && elapsed(last.at, now) >= SUMMARY_GAP) crew',
    put: '    if (last !== undefined) crew',
    attacks: ['digest-flood'],
    themes: ['gentle'],
  },
  {
    name: 'wants-unpaced',
    rule: 'bound',
    off: 'a record is wanted with each ping that names a higher sequence',
    file: 'src/core/reconcile.ts',
    find: '    if (last === undefined || elapsed(last, now) >= WANT_GAP) {',
    put: '    if (last !== now) {',
    attacks: ['sequence-flood'],
    themes: ['gentle'],
  },
];
