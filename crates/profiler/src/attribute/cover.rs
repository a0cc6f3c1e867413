//! The smallest set of capabilities that covers all accesses: weighted set cover, exact where that is cheap.

/// Nodes of the search after which the best that was found counts. Some 50 ms; the sets of real programs take a handful.
pub const BUDGET: u64 = 200_000;

/// Masks beyond which the quadratic reductions are left out.
const MANY: usize = 4096;

/// A set that covers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Cover {
    /// The chosen bits.
    pub chosen: u128,
    /// No set has fewer.
    pub at_least: u32,
    /// No set is smaller, nor of the same size with less weight.
    pub proven: bool,
}

/// Finds the smallest set of bits that has a bit of each row that is not 0; of several such sets one with the least
/// weight. `weights` has one for each bit, all below 2^24.
///
/// Rows that hold another row, and bits that another bit replaces at no greater weight, are dropped; single choices are
/// forced; what is left falls into components that share no bit, and each is searched by branch and bound.
pub fn cover(rows: &[u128], weights: &[u32], budget: u64) -> Cover {
    let mut rows: Vec<u128> = rows.iter().copied().filter(|row| *row != 0).collect();
    let chosen = reduce(&mut rows, weights);
    let mut all = Cover { chosen, at_least: chosen.count_ones(), proven: true };
    let mut left = budget;
    for component in components(rows) {
        let mut search = Search { weights, best: greedy(&component, weights), left };
        let bound = disjoint(&component, weights).1;
        search.branch(&component, 0, 0);
        all.chosen |= search.best;
        all.at_least += if search.left > 0 { search.best.count_ones() } else { bound };
        all.proven &= search.left > 0;
        left = search.left;
    }
    all
}

/// Size first, then weight.
fn cost(set: u128, weights: &[u32]) -> u64 {
    bits(set).map(|bit| ONE + u64::from(weights[bit])).sum()
}

/// More than all weights together.
const ONE: u64 = 1 << 32;

fn bits(mut set: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = set.trailing_zeros();
        set &= set.wrapping_sub(1);
        (bit < u128::BITS).then_some(bit as usize)
    })
}

/// Makes the rows fewer and smaller; returns the bits that have to be chosen.
fn reduce(rows: &mut Vec<u128>, weights: &[u32]) -> u128 {
    let mut forced = 0;
    loop {
        let before = rows.clone();
        rows.sort_unstable_by_key(|row| (row.count_ones(), *row));
        rows.dedup();
        if rows.len() <= MANY {
            let mut kept: Vec<u128> = Vec::new();
            for row in rows.iter() {
                if !kept.iter().any(|small| small & row == *small) {
                    kept.push(*row);
                }
            }
            *rows = kept;
        }
        let single = rows.iter().filter(|row| row.count_ones() == 1).fold(0, |all, row| all | row);
        forced |= single;
        rows.retain(|row| row & single == 0);
        if rows.len() <= MANY {
            drop_replaceable(rows, weights);
        }
        if *rows == before {
            return forced;
        }
    }
}

/// Takes away each bit that another one replaces: it is in all rows of the first, and costs no more.
fn drop_replaceable(rows: &mut [u128], weights: &[u32]) {
    for bit in bits(rows.iter().fold(0, |all, row| all | row)) {
        let with = rows.iter().filter(|row| *row >> bit & 1 == 1);
        let common = with.fold(u128::MAX, |all, row| all & row) & !(1 << bit);
        if bits(common).any(|other| other < weights.len() && weights[other] <= weights[bit]) {
            rows.iter_mut().for_each(|row| *row &= !(1 << bit));
        }
    }
}

/// The rows by components that share no bit.
fn components(rows: Vec<u128>) -> Vec<Vec<u128>> {
    let mut found: Vec<(u128, Vec<u128>)> = Vec::new();
    for row in rows {
        let (mut all, mut joined) = (row, vec![row]);
        found.retain_mut(|(bits, others)| {
            let apart = *bits & all == 0;
            if !apart {
                all |= *bits;
                joined.append(others);
            }
            apart
        });
        found.push((all, joined));
    }
    found.into_iter().map(|(_, rows)| rows).collect()
}

/// Again and again the bit that is in most rows for its cost.
fn greedy(rows: &[u128], weights: &[u32]) -> u128 {
    let mut rows = rows.to_vec();
    let mut chosen = 0;
    while !rows.is_empty() {
        let all = rows.iter().fold(0, |all, row| all | row);
        let in_rows = |bit: usize| rows.iter().filter(|row| *row >> bit & 1 == 1).count();
        let best = bits(all).max_by_key(|bit| (in_rows(*bit), u32::MAX - weights[*bit]));
        let Some(best) = best else { return chosen };
        chosen |= 1 << best;
        rows.retain(|row| row & chosen == 0);
    }
    // What later choices made superfluous.
    chosen
}

/// Rows that share no bit each need one of their own: at least so much cost, and so many.
fn disjoint(rows: &[u128], weights: &[u32]) -> (u64, u32) {
    let (mut used, mut least, mut count) = (0, 0, 0);
    for row in rows {
        if row & used == 0 {
            used |= row;
            least += bits(*row).map(|bit| ONE + u64::from(weights[bit])).min().unwrap_or(0);
            count += 1;
        }
    }
    (least, count)
}

struct Search<'a> {
    weights: &'a [u32],
    best: u128,
    left: u64,
}

impl Search<'_> {
    /// Tries each bit of a row with fewest bits; bits that were tried before are not tried again beneath.
    fn branch(&mut self, rows: &[u128], chosen: u128, excluded: u128) {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return;
        }
        if rows.is_empty() {
            if cost(chosen, self.weights) < cost(self.best, self.weights) {
                self.best = chosen;
            }
            return;
        }
        let mut open: Vec<u128> = rows.iter().map(|row| row & !excluded).collect();
        open.sort_unstable_by_key(|row| row.count_ones());
        let narrow = open[0];
        if narrow == 0
            || cost(chosen, self.weights) + disjoint(&open, self.weights).0 >= cost(self.best, self.weights)
        {
            return;
        }
        let mut tried = excluded;
        let mut order: Vec<usize> = bits(narrow).collect();
        order.sort_by_key(|bit| std::cmp::Reverse(open.iter().filter(|row| *row >> bit & 1 == 1).count()));
        for bit in order {
            let rest: Vec<u128> = rows.iter().copied().filter(|row| row >> bit & 1 == 0).collect();
            self.branch(&rest, chosen | 1 << bit, tried);
            tried |= 1 << bit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_trying_all(rows: &[u128], weights: &[u32]) -> u64 {
        (0_u128..1 << weights.len())
            .filter(|set| rows.iter().all(|row| *row == 0 || row & set != 0))
            .map(|set| cost(set, weights))
            .min()
            .unwrap()
    }

    #[test]
    fn a_single_choice_is_forced_and_what_it_covers_needs_nothing_more() {
        let found = cover(&[0b001, 0b011, 0b110], &[5, 1, 2], BUDGET);
        assert_eq!(found, Cover { chosen: 0b011, at_least: 2, proven: true });
        assert_eq!(cover(&[], &[1], BUDGET), Cover { chosen: 0, at_least: 0, proven: true });
        assert_eq!(cover(&[0], &[1], BUDGET).chosen, 0);
    }

    #[test]
    fn of_two_that_cover_the_same_the_lighter_is_chosen_and_fewer_beat_lighter() {
        assert_eq!(cover(&[0b11], &[7, 3], BUDGET).chosen, 0b10);
        // One heavy bit for both rows, or a light one for each.
        assert_eq!(cover(&[0b101, 0b110], &[1, 1, 9_000_000], BUDGET).chosen, 0b100);
    }

    #[test]
    fn without_time_it_is_covered_all_the_same_and_says_that_it_is_not_proven() {
        let mut seed = 1_u64;
        let rows: Vec<u128> = (0..200)
            .map(|_| {
                (0..4).fold(0, |row, _| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    row | 1 << (seed >> 58)
                })
            })
            .collect();
        let weights = vec![1; 64];
        let found = cover(&rows, &weights, 10);
        assert!(!found.proven);
        assert!(rows.iter().all(|row| row & found.chosen != 0));
        assert!(found.at_least > 0 && found.at_least <= found.chosen.count_ones());
    }

    #[test]
    fn two_thousand_masks_of_two_are_proven() {
        let rows: Vec<u128> = (0..2000_u32).map(|n| 1 << (n % 40) | 1 << (40 + (n * 7) % 50)).collect();
        let found = cover(&rows, &vec![1; 100], BUDGET);
        assert!(found.proven && rows.iter().all(|row| row & found.chosen != 0));
    }

    proptest! {
        #[test]
        fn it_is_the_smallest_of_all(
            rows in proptest::collection::vec(0_u128..1 << 10, 0..14),
            weights in proptest::collection::vec(0_u32..50, 10),
        ) {
            let found = cover(&rows, &weights, BUDGET);
            prop_assert!(rows.iter().all(|row| *row == 0 || row & found.chosen != 0));
            prop_assert!(found.proven);
            prop_assert_eq!(cost(found.chosen, &weights), by_trying_all(&rows, &weights));
            prop_assert_eq!(found.at_least, found.chosen.count_ones());
        }
    }
}
