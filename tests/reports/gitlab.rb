# Counts results as GitLab does: Nokogiri, strictly, then ActiveSupport's hash, then the first case
# of each suite, class and name. ruby gitlab.rb FILE... prints one JSON object: file -> counts.
require 'json'
require 'nokogiri'
require 'active_support'
require 'active_support/core_ext/hash/conversions'
require 'active_support/xml_mini'

ActiveSupport::XmlMini.backend = 'Nokogiri'

def all_cases(node, suite, &block)
  case node
  when Array then node.each { |one| all_cases(one, suite, &block) }
  when Hash
    suite = node['name'] || suite
    [node['testcase']].flatten.compact.each { |one| yield suite, one }
    all_cases(node['testsuite'], suite, &block) if node['testsuite']
    all_cases(node['testsuites'], suite, &block) if node['testsuites']
  end
end

result = ARGV.to_h do |file|
  xml = File.read(file)
  Nokogiri::XML(xml) { |config| config.strict.nonet }
  seen = {}
  all_cases(Hash.from_xml(xml), nil) do |suite, one|
    key = [suite, one['classname'], one['name']]
    kind = %w[failure error skipped].find { |name| one.key?(name) } || 'passed'
    raise "#{file}: #{key} twice" if seen.key?(key)
    seen[key] = kind
  end
  count = ->(kind) { seen.values.count(kind) }
  [file, { tests: seen.size, failures: count['failure'], errors: count['error'], skipped: count['skipped'] }]
end
puts JSON.generate(result)
