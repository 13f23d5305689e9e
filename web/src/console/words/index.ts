/** What the console says. */

import { speaker } from '../../i18n';
import { en } from './en';
import { zh } from './zh';

export const t = speaker({ 'zh-CN': zh, en });

/** The name of a message. */
export type Key = Parameters<typeof t>[0];
