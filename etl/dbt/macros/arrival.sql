{#- Incremental models read what arrived since they last ran, by `_load_id`: the order in which rows came into the
    warehouse. A row that commits late, or carries an old time, is never missed. The window's end is fixed when a run
    starts; each model notes it in the transaction of its own rows. What models note for each other goes by the number
    of the run, which is greater in every run: nothing may have arrived between two. -#}

{% macro pipeline_table(name) -%}
  {%- if target.type == 'bigquery' -%}`{{ target.project }}`.`{{ layer_schema('pipeline') }}`.{{ name }}{%- else -%}pipeline.{{ name }}{%- endif -%}
{%- endmacro %}

{% macro open_window() %}
  {% if execute and flags.WHICH in ('run', 'build') %}
    {% do adapter.create_schema(api.Relation.create(database=target.database, schema=layer_schema('pipeline'))) %}
    {% do run_query("create table if not exists " ~ pipeline_table('run_window') ~ " (run_id " ~ text_type() ~ ", number " ~ integer_type() ~ ", load_id " ~ integer_type() ~ ")") %}
    {% do run_query("create table if not exists " ~ pipeline_table('watermark') ~ " (model " ~ text_type() ~ ", number " ~ integer_type() ~ ", load_id " ~ integer_type() ~ ")") %}
    {% do run_query("create table if not exists " ~ pipeline_table('touched_day') ~ " (model " ~ text_type() ~ ", day date, number " ~ integer_type() ~ ")") %}
    {% do run_query("create table if not exists " ~ pipeline_table('changed_cost') ~ " (product_id " ~ integer_type() ~ ", first_month date, next_month date, number " ~ integer_type() ~ ")") %}
    {% do run_query("create table if not exists " ~ pipeline_table('region_before') ~ " (customer_id " ~ integer_type() ~ ", region " ~ text_type() ~ ", valid_from " ~ instant_type() ~ ", valid_to " ~ instant_type() ~ ")") %}
    {% do forget_notes() %}
    {% set ends %}
      {% for source in graph.sources.values() if source.name.endswith('__log') %}
      select max(_load_id) as load_id from {{ source.relation_name }}{{ ' union all' if not loop.last }}
      {% endfor %}
    {% endset %}
    {% do run_query("insert into " ~ pipeline_table('run_window') ~ " select '" ~ invocation_id ~ "', (select coalesce(max(number), 0) + 1 from " ~ pipeline_table('run_window') ~ "), coalesce(max(load_id), 0) from (" ~ ends ~ ") as ends") %}
  {% endif %}
{% endmacro %}

{#- Let go what every model has read, and all marks of a model but its last. -#}
{% macro forget_notes() %}
  {% set marks = pipeline_table('watermark') %}
  {% set lasts = "(select model, max(number) as number from " ~ marks ~ " group by model) as lasts" %}
  {% for notes in ['touched_day', 'changed_cost'] %}
    {% do run_query("delete from " ~ pipeline_table(notes) ~ " where number <= (select min(number) from " ~ lasts ~ ")") %}
  {% endfor %}
  {% do run_query("delete from " ~ marks ~ " where concat(model, ':', " ~ text('number') ~ ") not in (select concat(model, ':', " ~ text('number') ~ ") from " ~ lasts ~ ")") %}
{% endmacro %}

{% macro text_type() %}{{ return('string' if target.type == 'bigquery' else 'varchar') }}{% endmacro %}
{% macro instant_type() %}{{ return('timestamp' if target.type == 'bigquery' else 'timestamptz') }}{% endmacro %}
{% macro integer_type() %}{{ return('int64' if target.type == 'bigquery' else 'bigint') }}{% endmacro %}

{#- The `_load_id` up to which this model has read. -#}
{% macro watermark() -%}
  (select coalesce(max(load_id), -1) from {{ pipeline_table('watermark') }} where model = '{{ model.name }}')
{%- endmacro %}

{#- Note that this model has read up to the end of the run's window. -#}
{% macro advance_watermark() %}
  insert into {{ pipeline_table('watermark') }}
  select '{{ model.name }}', number, load_id from {{ pipeline_table('run_window') }} where run_id = '{{ invocation_id }}'
{% endmacro %}

{#- The number of this run. -#}
{% macro run_number() -%}
  (select number from {{ pipeline_table('run_window') }} where run_id = '{{ invocation_id }}')
{%- endmacro %}

{#- The number of the last run in which this model was built. -#}
{% macro last_run() -%}
  (select coalesce(max(number), 0) from {{ pipeline_table('watermark') }} where model = '{{ model.name }}')
{%- endmacro %}

{#- A query of the keys of a table's rows that came, changed or went since this model last ran; after a TRUNCATE also of
    all that this model has, by their `key`: changes of theirs in the log may have been pruned. -#}
{% macro arrived(table, key, day=none) %}
  {%- set log = source('raw', table ~ '__log') -%}
  select _key as id from {{ log }}
  where _load_id > {{ watermark() }} and _key is not null
  union distinct
  select _old_key as id from {{ log }}
  where _load_id > {{ watermark() }} and _old_key is not null
  {% if is_incremental() %}
  union distinct
  select {{ key }} as id from {{ this }}
  where {{ every_day(day) if day else 'true' }}
    and exists (select 1 from {{ log }} where _op = 4 and _load_id > {{ watermark() }})
  {% endif %}
{% endmacro %}
