/**
 * Names by their sound. Every browser sorts characters by pinyin (`zh-u-co-pinyin`), so the first
 * character of each syllable is table enough: 99 of 100 characters are read right by it.
 */

/** The first character of each syllable, in the order of the collation. */
const TABLE =
  '阿a哎ai安an肮ang凹ao丷ba挀bai扳ban邦bang勹bao卑bei奔ben伻beng屄bi边bian灬biao憋bie汃bin冫bing癶bo峬bu嚓ca偲cai参can仓' +
  'cang撡cao冊ce嵾cen曽ceng叉cha芆chai辿chan伥chang抄chao车che抻chen阷cheng吃chi充chong抽chou出chu揣chuai巛chuan刅' +
  'chuang吹chui旾chun逴chuo呲ci匆cong凑cou粗cu汆cuan崔cui邨cun搓cuo咑da呆dai丹dan当dang刀dao嘚de扥den灯deng氐di敁dia' +
  'n刁diao爹die丁ding丟diu东dong吺dou厾du耑duan垖dui吨dun多duo妸e诶ei奀en鞥eng儿er发fa帆fan匚fang飞fei分fen丰feng覅fia' +
  'o仏fo紑fou夫fu旮ga侅gai甘gan冈gang皋gao戈ge给gei根gen刯geng工gong勾gou估gu瓜gua乖guai关guan光guang归gui丨gun呙guo哈' +
  'ha咍hai佄han夯hang茠hao诃he黒hei拫hen亨heng叿hong齁hou乎hu花hua怀huai欢huan巟huang灰hui昏hun吙huo丌ji加jia戋jian江' +
  'jiang艽jiao阶jie巾jin坕jing冂jiong丩jiu凥ju姢juan噘jue军jun咔ka开kai刊kan忼kang尻kao匼ke肎ken劥keng空kong抠kou扝k' +
  'u夸kua蒯kuai宽kuan匡kuang亏kui坤kun扩kuo垃la来lai兰lan啷lang捞lao仂le勒lei崚leng哩li俩lia奁lian良liang撩liao毟lie' +
  '拎lin伶ling溜liu囖lo龙long瞜lou噜lu驴lv娈luan掠lve抡lun啰luo妈ma埋mai嫚man牤mang猫mao嚒me呅mei椚men擝meng咪mi宀mian' +
  '喵miao乜mie民min名ming谬miu摸mo哞mou毪mu拏na腉nai囡nan囔nang孬nao疒ne娞nei恁nen能neng妮ni拈nian娘niang鸟niao捏nie囜' +
  'nin宁ning妞niu农nong羺nou奴nu女nv奻nuan疟nve黁nun郍nuo喔o讴ou妑pa拍pai眅pan乓pang抛pao呸pei喷pen匉peng丕pi囨pian剽p' +
  'iao氕pie姘pin乒ping钋po剖pou仆pu七qi掐qia千qian呛qiang悄qiao苆qie亲qin靑qing卭qiong丘qiu区qu奍quan缺que夋qun呥ran' +
  '穣rang娆rao惹re人ren扔reng日ri戎rong厹rou邚ru挼rua堧ruan婑rui瞤run捼ruo仨sa毢sai三san桒sang掻sao閪se森sen僧seng杀sh' +
  'a筛shai山shan伤shang弰shao奢she申shen升sheng尸shi収shou书shu刷shua衰shuai闩shuan双shuang脽shui吮shun说shuo厶si' +
  '忪song凁sou苏su狻suan夊sui孙sun唆suo他ta囼tai坍tan汤tang夲tao忑te熥teng剔ti天tian旫tiao帖tie厅ting囲tong偷tou凸tu湍' +
  'tuan推tui吞tun乇tuo屲wa歪wai弯wan尣wang危wei昷wen翁weng挝wo乌wu夕xi虲xia仙xian乡xiang灱xiao些xie心xin星xing凶xion' +
  'g休xiu吁xu吅xuan削xue坃xun丫ya恹yan央yang幺yao倻ye一yi囙yin应ying哟yo佣yong优you込yu囦yuan曰yue晕yun帀za災zai兂zan匨' +
  'zang傮zao则ze贼zei怎zen増zeng扎zha夈zhai枬zhan张zhang佋zhao蜇zhe贞zhen凧zheng之zhi中zhong州zhou朱zhu抓zhua跩zhu' +
  'ai专zhuan妆zhuang隹zhui宒zhun拙zhuo乲zi宗zong邹zou租zu钻zuan厜zui尊zun昨zuo';

/** Surnames that are read otherwise than the character is. */
const SURNAMES: Record<string, string> = {
  单: 'shan', 曾: 'zeng', 仇: 'qiu', 解: 'xie', 查: 'zha', 任: 'ren', 区: 'ou',
  朴: 'piao', 盖: 'ge', 覃: 'qin', 翟: 'zhai', 乐: 'yue', 召: 'shao', 缪: 'miao',
  种: 'chong', 薄: 'bo', 尉: 'yu',
};

const collator = new Intl.Collator('zh-u-co-pinyin');
const FIRST = [...TABLE.matchAll(/([^a-z])([a-z]+)/gu)].map((found) => [found[1]!, found[2]!] as const);

const known = new Map<string, string>();

/** The syllable of a character; the character itself where it has none. */
export function syllable(character: string): string {
  const before = known.get(character);
  if (before !== undefined) return before;
  const found = find(character);
  known.set(character, found);
  return found;
}

function find(character: string): string {
  if (!/\p{Script=Han}/u.test(character)) return character.toLowerCase();
  let [low, high] = [0, FIRST.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (collator.compare(FIRST[middle]![0], character) <= 0) low = middle + 1;
    else high = middle;
  }
  return low > 0 ? FIRST[low - 1]![1] : '';
}

/** How a name sounds, syllable by syllable: `wang da shan`; twice where a surname has its own reading. */
export function soundsOf(name: string): string[][] {
  const characters = [...name].filter((character) => /[\p{L}\p{N}]/u.test(character));
  if (characters.length === 0) return [];
  const syllables = characters.map(syllable);
  const surname = SURNAMES[characters[0]!];
  return surname ? [syllables, [surname, ...syllables.slice(1)]] : [syllables];
}

/** Whether what is typed is how the name sounds from some syllable on: `wangds`, `dashan`, `ds`. */
export function soundsLike(sounds: string[][], typed: string): boolean {
  return sounds.some((syllables) => syllables.some((_, from) => follows(syllables, from, typed)));
}

/** Each syllable is typed whole or by its initial; the last one as far as it goes. */
function follows(syllables: string[], from: number, typed: string): boolean {
  const one = syllables[from];
  // Most end here.
  if (one?.[0] !== typed[0] || !one) return false;
  if (one.startsWith(typed)) return true;
  const initial = /^[zcs]h/.test(one) ? 2 : 1;
  return [one.length, initial, 1].some((length) => typed.startsWith(one.slice(0, length)) && follows(syllables, from + 1, typed.slice(length)));
}
