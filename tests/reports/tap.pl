# Counts results with the parser that prove uses. perl tap.pl FILE... prints a line for each file:
# tests, ok or skipped, not ok, skipped, parse errors, plan.
use strict;
use warnings;
use TAP::Parser;

for my $file (@ARGV) {
    open my $in, '<', $file or die "$file: $!";
    my $tap = do { local $/; <$in> };
    my $parser = TAP::Parser->new({ tap => $tap });
    my $run = 0;
    while (my $result = $parser->next) {
        $run++ if $result->is_test;
    }
    my $plan = defined $parser->tests_planned ? $parser->tests_planned : -1;
    printf "%d %d %d %d %d %d\n", $run, scalar($parser->passed), scalar($parser->failed),
        scalar($parser->skipped), scalar($parser->parse_errors), $plan;
    print STDERR "$file: $_\n" for $parser->parse_errors;
}
