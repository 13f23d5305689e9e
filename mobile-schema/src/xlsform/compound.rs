//! The container of .xls files (MS-CFB): its one stream that matters is taken out and put into a
//! container of our own, so that nothing in the file says how much is read.

/// The beginning of every container.
const SIGNATURE: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
const END_OF_CHAIN: u32 = 0xFFFF_FFFE;
const FAT_SECTOR: u32 = 0xFFFF_FFFD;
const FREE: u32 = 0xFFFF_FFFF;
/// The bytes of an entry of the directory.
const ENTRY: usize = 128;
/// The bytes of a sector of streams that are small.
const MINI_SECTOR: usize = 64;
/// Streams of fewer bytes are small.
const SMALL: usize = 4_096;
/// How many sectors of the table of sectors the header itself names.
const NAMED: usize = 109;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn all_u32(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

/// A container that is read.
struct Container<'a> {
    bytes: &'a [u8],
    sector: usize,
    table: Vec<u32>,
}

/// The bytes of the first stream of one of these names; none where there is none.
pub(super) fn stream(bytes: &[u8], names: &[&str]) -> Option<Vec<u8>> {
    let sector = match u16_at(bytes, 30)? {
        9 => 512,
        12 => 4_096,
        _ => return None,
    };
    let mut container = Container { bytes, sector, table: Vec::new() };
    container.table = container.read_table()?;
    let directory = container.chain(u32_at(bytes, 48)?);
    let name_of = |entry: &[u8]| -> String {
        let units = entry[..64].chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]));
        let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        String::from_utf16_lossy(&units)
    };
    let entries: Vec<&[u8]> = directory.chunks_exact(ENTRY).collect();
    let find = |name: &str| entries.iter().find(|one| name_of(one).eq_ignore_ascii_case(name));
    let entry = names.iter().find_map(|name| find(name))?;
    let start = u32_at(entry, 116)?;
    let length = usize::try_from(u32_at(entry, 120)?).ok()?;
    let mut found = if length < SMALL {
        let small = container.chain(u32_at(entries.first()?, 116)?);
        let table: Vec<u32> = all_u32(&container.chain(u32_at(bytes, 60)?)).collect();
        let sectors = follow(start, &table).take(length.div_ceil(MINI_SECTOR));
        sectors.fold(Vec::new(), |mut found, id| {
            let at = id as usize * MINI_SECTOR;
            let end = (at + MINI_SECTOR).min(small.len());
            found.extend_from_slice(small.get(at..end).unwrap_or_default());
            found
        })
    } else {
        container.chain(start)
    };
    found.truncate(length);
    Some(found)
}

/// The sectors of a chain; one that turns back on itself ends after all there are.
fn follow(start: u32, table: &[u32]) -> impl Iterator<Item = u32> {
    let mut next = Some(start);
    let step = move || {
        let id = next.filter(|id| (*id as usize) < table.len())?;
        next = table.get(id as usize).copied();
        Some(id)
    };
    std::iter::from_fn(step).take(table.len())
}

impl Container<'_> {
    fn sector(&self, id: u32) -> &[u8] {
        let start = (id as usize).saturating_add(1).saturating_mul(self.sector);
        let end = start.saturating_add(self.sector).min(self.bytes.len());
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// What follows each sector.
    fn read_table(&self) -> Option<Vec<u32>> {
        let most = self.bytes.len() / self.sector + 1;
        let mut sectors: Vec<u32> = all_u32(self.bytes.get(76..512)?).collect();
        let mut more = u32_at(self.bytes, 68)?;
        for _ in 0..most {
            let named = self.sector(more);
            if named.len() < self.sector {
                break;
            }
            let (own, link) = named.split_at(self.sector - 4);
            sectors.extend(all_u32(own));
            more = u32_at(link, 0)?;
        }
        let named = sectors.into_iter().filter(|id| (*id as usize) < most).take(most);
        Some(named.flat_map(|id| all_u32(self.sector(id)).collect::<Vec<_>>()).collect())
    }

    fn chain(&self, start: u32) -> Vec<u8> {
        let mut found = Vec::new();
        for id in follow(start, &self.table) {
            let sector = self.sector(id);
            if sector.is_empty() || found.len() > self.bytes.len() {
                break;
            }
            found.extend_from_slice(sector);
        }
        found
    }
}

/// A container with nothing in it but a stream.
pub(super) fn container(name: &str, stream: &[u8]) -> Option<Vec<u8>> {
    const SECTOR: usize = 4_096;
    let of_stream = stream.len().div_ceil(SECTOR).max(1);
    // One for the directory; the table tells of its own sectors too.
    let mut of_table = 1;
    while of_table * (SECTOR / 4) < of_table + 1 + of_stream {
        of_table += 1;
    }
    if of_table > NAMED {
        return None;
    }
    let number = |count: usize| u32::try_from(count).ok();
    let mut header = vec![0; SECTOR];
    header[..8].copy_from_slice(&SIGNATURE);
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(24, &0x3E_u16.to_le_bytes());
    put(26, &4_u16.to_le_bytes());
    put(28, &0xFFFE_u16.to_le_bytes());
    put(30, &12_u16.to_le_bytes());
    put(32, &6_u16.to_le_bytes());
    put(40, &1_u32.to_le_bytes());
    put(44, &number(of_table)?.to_le_bytes());
    put(48, &number(of_table)?.to_le_bytes());
    put(56, &4_096_u32.to_le_bytes());
    put(60, &END_OF_CHAIN.to_le_bytes());
    put(68, &END_OF_CHAIN.to_le_bytes());
    for at in 0..NAMED {
        let id = if at < of_table { number(at)? } else { FREE };
        put(76 + 4 * at, &id.to_le_bytes());
    }
    let first = of_table + 1;
    let mut table = vec![FAT_SECTOR; of_table];
    table.push(END_OF_CHAIN);
    for at in 1..of_stream {
        table.push(number(first + at)?);
    }
    table.push(END_OF_CHAIN);
    table.resize(of_table * SECTOR / 4, FREE);
    let mut directory = vec![0; SECTOR];
    let entry = |name: &str, kind: u8, start: u32, length: usize, child: u32| {
        let mut entry = vec![0; ENTRY];
        let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry[..units.len()].copy_from_slice(&units);
        entry[64] = u8::try_from(units.len() + 2).unwrap_or(0);
        entry[66] = kind;
        entry[67] = 1;
        entry[68..72].copy_from_slice(&FREE.to_le_bytes());
        entry[72..76].copy_from_slice(&FREE.to_le_bytes());
        entry[76..80].copy_from_slice(&child.to_le_bytes());
        entry[116..120].copy_from_slice(&start.to_le_bytes());
        entry[120..128].copy_from_slice(&(length as u64).to_le_bytes());
        entry
    };
    // The length of a small stream would put it elsewhere.
    let length = of_stream * SECTOR;
    directory[..ENTRY].copy_from_slice(&entry("Root Entry", 5, 0, 0, 1));
    directory[ENTRY..2 * ENTRY].copy_from_slice(&entry(name, 2, number(first)?, length, FREE));
    let mut whole = header;
    whole.extend(table.into_iter().flat_map(u32::to_le_bytes));
    whole.extend(directory);
    whole.extend_from_slice(stream);
    whole.resize((1 + first) * SECTOR + length, 0);
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_comes_back_out_of_its_container() {
        for length in [1, 4_096, 4_097, 5_000_000] {
            let written: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0]).collect();
            let whole = container("Workbook", &written).expect("it fits");
            let read = stream(&whole, &["Book", "Workbook"]).expect("the stream");
            assert_eq!(&read[..written.len()], &written[..]);
            assert!(read[written.len()..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn chains_that_turn_back_end() {
        let mut whole = container("Workbook", &[7; 10_000]).expect("it fits");
        // The stream's second sector is followed by its first.
        let at = 4_096 + 4 * 3;
        whole[at..at + 4].copy_from_slice(&2_u32.to_le_bytes());
        assert!(stream(&whole, &["Workbook"]).is_some_and(|read| read.len() <= whole.len()));
        for cut in (0..whole.len()).step_by(511) {
            let _ = stream(&whole[..cut], &["Workbook"]);
        }
    }
}
