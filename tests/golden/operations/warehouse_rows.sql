SELECT CAST(coalesce(string_agg(concat('{"quantityAvailable":', page_0.quantity_available, ',"warehouse":', CASE WHEN (warehouses_1.id IS NULL) THEN 'null' ELSE concat('{"name":', json_scalar(warehouses_1.name), '}') END, ',"product":', CASE WHEN (products_1.id IS NULL) THEN 'null' ELSE concat('{"name":', json_scalar(products_1.name), '}') END, '}'), ',' ORDER BY page_0.id), '') AS VARCHAR) AS coalesce_1 
FROM (SELECT anon_1.product_id AS product_id, anon_1.warehouse_id AS warehouse_id, anon_1.quantity_available AS quantity_available, anon_1.id AS id 
FROM (SELECT inventory_1.product_id AS product_id, inventory_1.warehouse_id AS warehouse_id, inventory_1.quantity_available AS quantity_available, inventory_1.id AS id 
FROM inventory AS inventory_1 
WHERE inventory_1.warehouse_id = ANY ($1::BIGINT[]) AND inventory_1.quantity_available > $2::INTEGER ORDER BY inventory_1.id 
 LIMIT 8) AS anon_1 ORDER BY anon_1.id 
 LIMIT $3::BIGINT) AS page_0 LEFT OUTER JOIN warehouses AS warehouses_1 ON warehouses_1.id = page_0.warehouse_id AND warehouses_1.id = ANY ($4::BIGINT[]) LEFT OUTER JOIN products AS products_1 ON products_1.id = page_0.product_id;
