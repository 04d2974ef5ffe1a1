/** Carries out a machine's effects in the real world. Written a second time in the simulator. */

import { unreachable } from '../base/assert.ts';
import type { NodeId } from '../base/id.ts';
import type { Reply } from '../core/commands.ts';
import type { NodeEvent } from '../core/events.ts';
import type { Effect, Host } from '../core/io.ts';
import type { Ports } from './ports.ts';
import type { Saver } from './saver.ts';

/** What effects are carried out with. */
export interface RealHostOptions {
  readonly ports: Ports;
  readonly saver: Saver;
  readonly onEvent: (event: NodeEvent) => void;
  readonly onAnswer: (id: number, reply: Reply) => void;
  readonly onViewChanged: (of: readonly NodeId[]) => void;
}

/** The host of the real world. */
export class RealHost implements Host {
  readonly #options: RealHostOptions;

  constructor(options: RealHostOptions) {
    this.#options = options;
  }

  carryOut(effect: Effect): void {
    const { ports, saver, onEvent, onAnswer, onViewChanged } = this.#options;
    switch (effect.type) {
      case 'send':
        ports.udp.send(effect.socket, effect.to, effect.bytes);
        return;
      case 'beacon':
        ports.group.send(effect.bytes);
        return;
      case 'wake':
        // The driver's own: it alone knows when to step.
        return;
      case 'open-socket':
        ports.udp.openFresh(effect.socket);
        return;
      case 'close-socket':
        ports.udp.closeFresh(effect.socket);
        return;
      case 'save':
        saver.ask(effect.document, effect.ticket, effect.urgent);
        return;
      case 'event':
        onEvent(effect.event);
        return;
      case 'answer':
        onAnswer(effect.id, effect.reply);
        return;
      case 'view-changed':
        onViewChanged(effect.of);
        return;
      case 'admit-link':
        ports.links.admit(effect.link);
        return;
      case 'link-send':
        ports.links.send(effect.link, effect.bytes);
        return;
      case 'close-link':
        ports.links.closeLink(effect.link);
        return;
      default:
        unreachable(effect);
    }
  }
}
