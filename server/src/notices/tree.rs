//! The Merkle tree of the log (RFC 6962, section 2.1; verification as RFC 9162, section 2.1 has
//! it): pure, over complete subtrees that somebody else keeps.

use mobile_schema::Hash;
use sha2::{Digest, Sha256};

/// A complete subtree: its leaves are `index << level` and the `1 << level` from there on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// How high it is; 0 is a leaf.
    pub level: u32,
    /// Which of its level, from 0.
    pub index: u64,
}

/// A leaf's hash.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(leaf).finalize().into())
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let hasher = Sha256::new().chain_update([1]);
    Hash(hasher.chain_update(left.as_bytes()).chain_update(right.as_bytes()).finalize().into())
}

/// The subtrees that are complete once another leaf stands behind `size` others.
pub fn append<E>(
    size: u64,
    leaf: Hash,
    mut get: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<(Node, Hash)>, E> {
    let mut node = Node { level: 0, index: size };
    let mut hash = leaf;
    let mut made = vec![(node, hash)];
    while node.index % 2 == 1 {
        let left = get(Node { index: node.index - 1, ..node })?;
        hash = node_hash(&left, &hash);
        node = Node { level: node.level + 1, index: node.index / 2 };
        made.push((node, hash));
    }
    Ok(made)
}

/// The hash over the leaves from `from` on, `count` of them.
fn range<E>(
    from: u64,
    count: u64,
    get: &mut impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Hash, E> {
    if count == 0 {
        return Ok(Hash(Sha256::digest([]).into()));
    }
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return get(Node { level, index: from >> level });
    }
    let left = split(count);
    let (one, other) = (range(from, left, get)?, range(from + left, count - left, get)?);
    Ok(node_hash(&one, &other))
}

/// The largest power of two below a count that is at least two.
fn split(count: u64) -> u64 {
    1 << (63 - (count - 1).leading_zeros())
}

/// The hash over the first `size` leaves.
pub fn root<E>(size: u64, mut get: impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    range(0, size, &mut get)
}

/// What proves that a leaf is among the first `size`, from the leaf up.
pub fn inclusion<E>(
    position: u64,
    size: u64,
    mut get: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let (mut from, mut count, mut proof) = (0, size, Vec::new());
    while count > 1 {
        let left = split(count);
        if position - from < left {
            proof.push(range(from + left, count - left, &mut get)?);
            count = left;
        } else {
            proof.push(range(from, left, &mut get)?);
            (from, count) = (from + left, count - left);
        }
    }
    proof.reverse();
    Ok(proof)
}

/// What proves that the first `before` leaves are the same in the tree of `after`.
pub fn consistency<E>(
    before: u64,
    after: u64,
    mut get: impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let (mut from, mut count, mut whole, mut proof) = (0, after, true, Vec::new());
    let mut rest = before;
    if before == 0 || before >= after {
        return Ok(proof);
    }
    while rest != count {
        let left = split(count);
        if rest <= left {
            proof.push(range(from + left, count - left, &mut get)?);
            count = left;
        } else {
            proof.push(range(from, left, &mut get)?);
            (from, count, rest, whole) = (from + left, count - left, rest - left, false);
        }
    }
    if !whole {
        proof.push(range(from, count, &mut get)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether a leaf is at a position among the first `size`, whose hash is `root`.
pub fn is_included(position: u64, size: u64, leaf: Hash, proof: &[Hash], root: &Hash) -> bool {
    if position >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (position, size - 1, leaf);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node_hash(beside, &hash);
            while at % 2 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Whether the tree of `after` leaves begins with that of `before`.
pub fn is_consistent(
    (before, old_root): (u64, &Hash),
    (after, new_root): (u64, &Hash),
    proof: &[Hash],
) -> bool {
    if before == after {
        return proof.is_empty() && old_root == new_root;
    }
    if before == 0 || before > after {
        return before == 0 && proof.is_empty();
    }
    let mut proof = proof.iter();
    let (mut at, mut last) = (before - 1, after - 1);
    while at % 2 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    // A complete old tree is its own beginning.
    let first = if before.is_power_of_two() { Some(old_root) } else { proof.next() };
    let Some(first) = first else { return false };
    let (mut old, mut new) = (*first, *first);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            old = node_hash(beside, &old);
            new = node_hash(beside, &new);
            while at % 2 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new = node_hash(&new, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old == *old_root && new == *new_root
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use data_encoding::HEXLOWER;

    use super::*;

    /// The test vectors of the reference implementation of RFC 6962.
    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn grown(leaves: impl Iterator<Item = Vec<u8>>) -> Vec<BTreeMap<Node, Hash>> {
        let mut nodes = BTreeMap::new();
        let mut states = Vec::new();
        for (size, leaf) in (0..).zip(leaves) {
            let get = |node| Ok::<Hash, Infallible>(nodes[&node]);
            let made = append(size, leaf_hash(&leaf), get).unwrap();
            nodes.extend(made);
            states.push(nodes.clone());
        }
        states
    }

    #[test]
    fn the_published_vectors_come_out() {
        let leaves = LEAVES.iter().map(|leaf| HEXLOWER.decode(leaf.as_bytes()).unwrap());
        for (size, (nodes, expected)) in (1..).zip(grown(leaves).iter().zip(ROOTS)) {
            let root = root(size, |node| Ok::<_, Infallible>(nodes[&node])).unwrap();
            assert_eq!(root.to_string(), expected, "{size}");
        }
    }

    #[test]
    fn every_leaf_and_every_beginning_is_proved_and_nothing_else_is() {
        let leaf = |number: u64| number.to_be_bytes().to_vec();
        let nodes = grown((0..40).map(leaf)).pop().unwrap();
        let get = |node: Node| Ok::<Hash, Infallible>(nodes[&node]);
        let other = Hash::of(b"other");
        for size in 1..=40 {
            let top = root(size, get).unwrap();
            for position in 0..size {
                let hash = leaf_hash(&leaf(position));
                let proof = inclusion(position, size, get).unwrap();
                assert!(is_included(position, size, hash, &proof, &top), "{position} of {size}");
                assert!(!is_included(position, size, other, &proof, &top));
                assert!(!is_included(position, size, hash, &proof, &other));
                assert!(!is_included(position + 1, size, hash, &proof, &top) || size == 1);
                for at in 0..proof.len() {
                    let mut changed = proof.clone();
                    changed[at] = other;
                    assert!(!is_included(position, size, hash, &changed, &top));
                }
                let longer = [proof.as_slice(), &[other]].concat();
                assert!(!is_included(position, size, hash, &longer, &top));
            }
            for before in 1..=size {
                let old = root(before, get).unwrap();
                let proof = consistency(before, size, get).unwrap();
                assert!(is_consistent((before, &old), (size, &top), &proof), "{before} {size}");
                assert!(!is_consistent((before, &other), (size, &top), &proof));
                assert!(!is_consistent((before, &old), (size, &other), &proof));
                for at in 0..proof.len() {
                    let mut changed = proof.clone();
                    changed[at] = other;
                    assert!(!is_consistent((before, &old), (size, &top), &changed));
                }
            }
        }
    }
}
